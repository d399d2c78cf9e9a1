//! A separate local cloud for each test: real processes, free ports, a data folder that survives a kill.

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
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

/// How long a test waits before it fails: long enough for a slow, busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Cloud {
    child: Mutex<Option<Child>>,
    data: TempDir,
    port: u16,
    aws_port: u16,
    token: Mutex<String>,
    /// `None`: the project's.
    template: Mutex<Option<PathBuf>>,
    agent: ureq::Agent,
    up: AtomicBool,
}

impl Cloud {
    pub fn start() -> Self {
        let cloud = Self::new();
        cloud.launch();
        cloud
    }

    /// Starts with a changed template.
    pub fn start_with(change: impl FnOnce(String) -> String) -> Self {
        let cloud = Self::new();
        let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
        let path = cloud.data.path().join("template.yaml");
        std::fs::write(&path, change(template)).unwrap();
        *cloud.template.lock().unwrap() = Some(path);
        cloud.launch();
        cloud
    }

    /// The next launch uses the project's template.
    pub fn restore_template(&self) {
        *self.template.lock().unwrap() = None;
    }

    fn new() -> Self {
        Self {
            child: Mutex::default(),
            data: tempfile::tempdir().unwrap(),
            port: free_port(),
            aws_port: free_port(),
            token: Mutex::default(),
            template: Mutex::default(),
            agent: ureq::Agent::config_builder()
                .http_status_as_error(false)
                .timeout_global(Some(Duration::from_secs(30)))
                .build()
                .into(),
            up: AtomicBool::new(false),
        }
    }

    /// Starts the cloud, for the first time or again, and waits until it is ready.
    pub fn launch(&self) {
        let ready = self.data.path().join("ready.json");
        let _ = std::fs::remove_file(&ready);
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.data.path().join("out.log"))
            .unwrap();
        let template = self.template.lock().unwrap().clone();
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
            .args(
                template
                    .iter()
                    .flat_map(|path| ["--template".as_ref(), path.as_os_str()]),
            )
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            // Its own process group, so that a kill ends the cloud with its functions and nothing else.
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

    pub fn aws_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.aws_port)
    }

    /// The folder that holds all data of the cloud.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    fn printed(&self) -> String {
        let mut text = String::new();
        let log = std::fs::File::open(self.data.path().join("out.log"));
        log.and_then(|mut file| file.read_to_string(&mut text)).unwrap();
        text
    }

    /// Runs a subcommand of `cargo local` on this cloud, and returns its output.
    pub fn cli(&self, arguments: &[&str]) -> String {
        self.try_cli(arguments)
            .unwrap_or_else(|printed| panic!("{arguments:?}: {printed}"))
    }

    /// Like `cli`, and returns all that the subcommand printed if it failed.
    pub fn try_cli(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(binary("local"))
            .current_dir(root())
            .args(arguments)
            .arg("--data")
            .arg(self.data.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        match output.status.success() {
            true => Ok(text),
            false => Err(text + &String::from_utf8_lossy(&output.stderr)),
        }
    }

    pub fn admin(&self) -> String {
        self.token.lock().unwrap().clone()
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, &self.admin(), &[], None).unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Sends a request. An error means that there was no answer.
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

    /// Sends a POST as platform staff, expects this status, and returns the body.
    pub fn post(&self, path: &str, body: &Value, status: u16) -> Value {
        let (got, answer) = self.call("POST", path, &self.admin(), &[], Some(body)).unwrap();
        assert_eq!(got, status, "{path}: {answer}");
        answer
    }

    pub fn delete(&self, path: &str) {
        let (status, answer) = self.call("DELETE", path, &self.admin(), &[], None).unwrap();
        assert_eq!(status, 204, "{path}: {answer}");
    }

    /// Creates a tenant and returns its path.
    pub fn customer(&self, name: &str) -> String {
        let body = json!({"type": "Business", "name": name, "isTenantCustomer": true});
        let created = self.post("/v1/customers", &body, 201);
        format!("/v1/customers/{}", created["key"].as_str().unwrap())
    }

    /// Sends a request that is not for the API, without a token: to S3 or the CDN, for example. Returns the status, the headers and the
    /// body.
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

    /// All files in the data folder.
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

    /// Calls an AWS service as an SDK does.
    pub fn aws(&self, target: &str, body: &Value) -> Value {
        let content_type = if target.starts_with("AWSEvents") {
            "application/x-amz-json-1.1"
        } else {
            "application/x-amz-json-1.0"
        };
        let request = ureq::http::Request::builder()
            .method("POST")
            .uri(format!("{}/", self.aws_url()))
            .header("x-amz-target", target)
            .header("content-type", content_type)
            .body(body.to_string())
            .unwrap();
        let mut answer = self.agent.run(request).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert!(answer.status().is_success(), "{target}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// The name of the only table.
    pub fn table(&self) -> String {
        let tables = self.aws("DynamoDB_20120810.ListTables", &json!({}));
        tables["TableNames"][0].as_str().unwrap().to_owned()
    }

    /// The URL of the queue whose name has this ending.
    pub fn queue(&self, ending: &str) -> String {
        let queues = self.aws("AmazonSQS.ListQueues", &json!({}));
        let urls = queues["QueueUrls"].as_array().unwrap().iter();
        let mut urls = urls
            .map(|url| url.as_str().unwrap())
            .filter(|url| url.ends_with(ending));
        urls.next().unwrap().to_owned()
    }

    /// The number of messages in a queue.
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

    /// The keys of the objects in the bucket whose name has this ending.
    pub fn objects(&self, ending: &str) -> Vec<String> {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(format!("http://127.0.0.1:{}", self.aws_port))
            .force_path_style(true)
            .credentials_provider(Credentials::new("local", "local", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let client = aws_sdk_s3::Client::from_conf(config);
        let list = async {
            let buckets = client.list_buckets().send().await.unwrap().buckets.unwrap();
            let mut names = buckets.into_iter().filter_map(|bucket| bucket.name);
            let bucket = names.find(|name| name.ends_with(ending)).unwrap();
            let listed = client.list_objects_v2().bucket(bucket).send().await.unwrap();
            listed.contents.unwrap_or_default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let objects = runtime.block_on(list).into_iter();
        objects.filter_map(|object| object.key).collect()
    }

    /// Reads all items of a list.
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

/// Waits until the condition is true.
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "timed out waiting for {what}");
        sleep(Duration::from_millis(20));
    }
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The path of a program, which is in the same folder as the tests' binary. Builds it first.
pub fn binary(name: &str) -> PathBuf {
    build();
    let tests = std::env::current_exe().unwrap();
    tests.parent().unwrap().parent().unwrap().join(name)
}

/// Builds the programs once. It selects the whole workspace like the tests' own build, so that the libraries are already built.
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
