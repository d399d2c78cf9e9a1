//! A local cloud of a test's own: real processes, free ports, a data folder that outlives a kill.

use serde_json::{Value, json};
use std::{
    io::Read,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use ureq::http::HeaderMap;

/// Long enough for a slow, busy machine; nothing waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Cloud {
    child: Mutex<Option<Child>>,
    data: TempDir,
    port: u16,
    aws_port: u16,
    token: Mutex<String>,
    agent: ureq::Agent,
    up: AtomicBool,
}

impl Cloud {
    pub fn start() -> Self {
        build();
        let cloud = Self {
            child: Mutex::default(),
            data: tempfile::tempdir().unwrap(),
            port: free_port(),
            aws_port: free_port(),
            token: Mutex::default(),
            agent: ureq::Agent::config_builder()
                .http_status_as_error(false)
                .timeout_global(Some(Duration::from_secs(30)))
                .build()
                .into(),
            up: AtomicBool::new(false),
        };
        cloud.launch();
        cloud
    }

    /// Starts it, for the first time or again, and waits until it answers.
    pub fn launch(&self) {
        let ready = self.data.path().join("ready.json");
        let _ = std::fs::remove_file(&ready);
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.data.path().join("out.log"))
            .unwrap();
        let mut child = Command::new(binary("local"))
            .current_dir(root())
            .args([
                "--no-build",
                "--port",
                &self.port.to_string(),
                "--aws-port",
                &self.aws_port.to_string(),
                "--data",
            ])
            .arg(self.data.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            // Its own group, so that a kill takes the functions with it and nothing else.
            .process_group(0)
            .spawn()
            .unwrap();
        wait_for("the local cloud to be ready", || {
            assert!(
                child.try_wait().unwrap().is_none(),
                "the local cloud ended: {}",
                self.printed()
            );
            ready.exists()
        });
        let ready: Value = serde_json::from_slice(&std::fs::read(ready).unwrap()).unwrap();
        assert_eq!(ready["apiUrl"], self.api_url());
        *self.token.lock().unwrap() = ready["adminToken"].as_str().unwrap().to_owned();
        *self.child.lock().unwrap() = Some(child);
        self.up.store(true, Ordering::SeqCst);
    }

    /// `kill -9` of the whole process group.
    pub fn kill(&self) {
        self.up.store(false, Ordering::SeqCst);
        if let Some(mut child) = self.child.lock().unwrap().take() {
            let group = format!("-{}", child.id());
            Command::new("kill").args(["-9", "--", &group]).status().unwrap();
            child.wait().unwrap();
        }
    }

    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The folder in which it keeps everything.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    fn printed(&self) -> String {
        let mut text = String::new();
        let log = std::fs::File::open(self.data.path().join("out.log"));
        log.and_then(|mut file| file.read_to_string(&mut text)).unwrap();
        text
    }

    /// A subcommand of `cargo local`, for this cloud; what it printed.
    pub fn cli(&self, arguments: &[&str]) -> String {
        let output = Command::new(binary("local"))
            .current_dir(root())
            .args(arguments)
            .arg("--data")
            .arg(self.data.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{arguments:?}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    }

    pub fn admin(&self) -> String {
        self.token.lock().unwrap().clone()
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, &self.admin(), &[], None).unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// One request; an error where no answer came.
    pub fn call(
        &self,
        method: &str,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<(u16, Value), ureq::Error> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.api_url()))
            .header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = match body {
            Some(body) => {
                let request = request
                    .header("content-type", "application/json")
                    .body(body.to_string())
                    .unwrap();
                self.agent.run(request)?
            }
            None => self.agent.run(request.body(()).unwrap())?,
        };
        let text = answer.body_mut().read_to_string()?;
        Ok((
            answer.status().as_u16(),
            serde_json::from_str(&text).unwrap_or(Value::Null),
        ))
    }

    /// A POST by platform staff that must be answered so.
    pub fn post(&self, path: &str, body: &Value, status: u16) -> Value {
        let (got, answer) = self.call("POST", path, &self.admin(), &[], Some(body)).unwrap();
        assert_eq!(got, status, "{path}: {answer}");
        answer
    }

    /// A request past the API: to S3, or to the CDN. The status, the headers, the body.
    pub fn fetch(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, HeaderMap, Vec<u8>) {
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = match method {
            "PUT" | "POST" => self.agent.run(request.body(body).unwrap()),
            _ => self.agent.run(request.body(()).unwrap()),
        };
        let mut answer = sent.unwrap();
        let body = answer.body_mut().read_to_vec().unwrap();
        (answer.status().as_u16(), answer.headers().clone(), body)
    }

    /// The files in which it keeps everything.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.data.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { &mut folders } else { &mut files }.push(path);
            }
        }
        files
    }

    /// One call of an AWS service, as an SDK makes it.
    pub fn aws(&self, target: &str, body: &Value) -> Value {
        let content_type = if target.starts_with("AWSEvents") {
            "application/x-amz-json-1.1"
        } else {
            "application/x-amz-json-1.0"
        };
        let request = ureq::http::Request::builder()
            .method("POST")
            .uri(format!("http://127.0.0.1:{}/", self.aws_port))
            .header("x-amz-target", target)
            .header("content-type", content_type)
            .body(body.to_string())
            .unwrap();
        let mut answer = self.agent.run(request).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert!(answer.status().is_success(), "{target}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// The URL of the queue whose name ends so.
    pub fn queue(&self, ending: &str) -> String {
        let queues = self.aws("AmazonSQS.ListQueues", &json!({}));
        let urls = queues["QueueUrls"].as_array().unwrap().iter();
        let mut urls = urls
            .map(|url| url.as_str().unwrap())
            .filter(|url| url.ends_with(ending));
        urls.next().unwrap().to_owned()
    }

    pub fn depth(&self, queue: &str) -> u64 {
        let names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ];
        let answer = self.aws(
            "AmazonSQS.GetQueueAttributes",
            &json!({"QueueUrl": queue, "AttributeNames": names}),
        );
        names
            .iter()
            .map(|name| answer["Attributes"][name].as_str().unwrap().parse::<u64>().unwrap())
            .sum()
    }

    /// All items of a list, page by page.
    pub fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut query = "limit=100".to_owned();
        loop {
            let page = self.get(&format!("{path}?{query}"));
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["nextCursor"].as_str() {
                Some(cursor) => query = format!("limit=100&cursor={cursor}"),
                None => return items,
            }
        }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the local cloud printed:\n{}", self.printed());
        }
    }
}

/// Waits until something is so.
pub fn wait_for(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        sleep(Duration::from_millis(20));
    }
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The programs lie beside the tests' own.
pub fn binary(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().unwrap().parent().unwrap().join(name)
}

/// Builds the programs, once. The whole workspace is selected, as for the tests themselves: nothing but the programs is left to build.
fn build() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let status = Command::new(env!("CARGO"))
            .current_dir(root())
            .args(["build", "--workspace", "--bins", "--quiet"])
            .status();
        assert!(status.unwrap().success(), "the programs do not build");
    });
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
