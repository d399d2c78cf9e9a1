//! Builds the functions' binaries: with Cargo for this machine, with cargo-lambda for AWS.
//!
//! Several functions may share a binary, which is then built once.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::plan::Function;

const NO_CARGO: &str = "could not run cargo; is a Rust toolchain installed?";
const NO_CARGO_LAMBDA: &str = "cargo-lambda is not installed; install it with `cargo install --locked cargo-lambda` \
     or `pip install cargo-lambda` (other ways: https://www.cargo-lambda.info)";

/// The paths of the functions' binaries, by the binaries' names. Builds them first if `build` is true.
pub fn for_this_machine(
    project: &Path,
    functions: &[Function],
    profile: &str,
    build: bool,
) -> Result<HashMap<String, PathBuf>> {
    if functions.is_empty() {
        return Ok(HashMap::new());
    }
    let workspace = Workspace::read(project)?;
    let names = workspace.binaries_of(functions)?;
    if build {
        cargo_build(project, profile, &names)?;
    }
    // Cargo's one exception: the folder of the profile `dev` is `debug`.
    let folder = workspace.target_directory.join(match profile {
        "dev" => "debug",
        other => other,
    });
    let paths: HashMap<String, PathBuf> = names
        .iter()
        .map(|name| ((*name).to_owned(), folder.join(name)))
        .collect();
    let missing: Vec<&str> = names.into_iter().filter(|name| !paths[*name].is_file()).collect();
    ensure!(
        missing.is_empty(),
        "not built yet: {} (looked in {}); run without --no-build",
        missing.join(", "),
        folder.display()
    );
    Ok(paths)
}

/// How to build for AWS.
pub struct AwsBuild {
    pub arm64: bool,
    pub debug: bool,
}

/// Builds what the template deploys, each binary into the folder that `CodeUri` names. Returns the binaries' names.
pub fn for_aws<'a>(project: &Path, functions: &'a [Function], build: &AwsBuild) -> Result<BTreeSet<&'a str>> {
    let workspace = Workspace::read(project)?;
    let names = workspace.binaries_of(functions)?;
    let Some(folder) = code_folder(functions)? else {
        bail!("the template deploys no functions");
    };
    ensure!(
        cargo(project)
            .args(["lambda", "--version"])
            .output()
            .context(NO_CARGO)?
            .status
            .success(),
        NO_CARGO_LAMBDA
    );
    let status = cargo(project)
        .args(cargo_lambda_arguments(&workspace.packages_with(&names), build))
        // SAM reads `CodeUri` relative to the template, even if Cargo's target folder is elsewhere.
        .arg("--lambda-dir")
        .arg(project.join(folder))
        .status()
        .context(NO_CARGO)?;
    ensure!(
        status.success(),
        "the functions do not build; see cargo-lambda's messages above"
    );
    Ok(names)
}

/// The folder in which cargo-lambda creates a folder for each binary.
fn code_folder(functions: &[Function]) -> Result<Option<&Path>> {
    let mut folder = None;
    for function in functions {
        let parent = function.code_uri.parent().unwrap_or(Path::new(""));
        ensure!(
            *folder.get_or_insert(parent) == parent,
            "function {}: CodeUri: {} must be in the same folder as the other functions' CodeUri",
            function.logical_id,
            function.code_uri.display()
        );
    }
    Ok(folder)
}

fn cargo_lambda_arguments(packages: &BTreeSet<&str>, build: &AwsBuild) -> Vec<String> {
    let mut arguments = vec!["lambda".to_owned(), "build".to_owned()];
    if !build.debug {
        arguments.push("--release".to_owned());
    }
    if build.arm64 {
        arguments.push("--arm64".to_owned());
    }
    // Only these packages: Cargo unifies features over the selected packages, so a build of the whole workspace would
    // give the functions every feature that the tests and the local cloud need.
    for package in packages {
        arguments.extend(["-p".to_owned(), (*package).to_owned()]);
    }
    arguments
}

fn cargo_build(project: &Path, profile: &str, names: &BTreeSet<&str>) -> Result<()> {
    let mut command = cargo(project);
    // Features are unified over the selected packages: with the whole workspace selected, dependencies are compiled
    // once for the functions, the tests and the local cloud.
    command.args(["build", "--workspace", "--profile", profile]);
    for name in names {
        command.args(["--bin", name]);
    }
    let status = command.stdout(Stdio::null()).status().context(NO_CARGO)?;
    ensure!(status.success(), "the functions do not build; see Cargo's errors above");
    Ok(())
}

/// The part of `cargo metadata` that is read here.
#[derive(Deserialize)]
struct Workspace {
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Workspace {
    fn read(project: &Path) -> Result<Self> {
        let output = cargo(project)
            .args(["metadata", "--no-deps", "--format-version=1"])
            .stderr(Stdio::inherit())
            .output()
            .context(NO_CARGO)?;
        ensure!(
            output.status.success(),
            "cargo could not read the workspace in {}",
            project.display()
        );
        serde_json::from_slice(&output.stdout).context("could not read the output of `cargo metadata`")
    }

    /// The names of the functions' binaries, each of which must be in the workspace.
    fn binaries_of<'a>(&self, functions: &'a [Function]) -> Result<BTreeSet<&'a str>> {
        let mut names = BTreeSet::new();
        for function in functions {
            let name = function.binary.as_str();
            ensure!(
                self.packages.iter().any(|package| package.has_binary(name)),
                "function {}: CodeUri: no package of this workspace has a binary `{name}`",
                function.logical_id,
            );
            names.insert(name);
        }
        Ok(names)
    }

    /// The packages that contain these binaries.
    fn packages_with(&self, binaries: &BTreeSet<&str>) -> BTreeSet<&str> {
        self.packages
            .iter()
            .filter(|package| binaries.iter().any(|name| package.has_binary(name)))
            .map(|package| package.name.as_str())
            .collect()
    }
}

impl Package {
    fn has_binary(&self, name: &str) -> bool {
        self.targets
            .iter()
            .any(|target| target.name == name && target.kind.iter().any(|kind| kind == "bin"))
    }
}

/// Cargo without the variables that an outer `cargo run` sets for its own package: build scripts that read them would run
/// again.
fn cargo(project: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(project);
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        let belongs_to_a_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
            .iter()
            .any(|start| text.starts_with(start));
        if belongs_to_a_package || text == "CARGO_PRIMARY_PACKAGE" {
            command.env_remove(name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lambda::tests::function;

    fn workspace() -> Workspace {
        let binary = |name: &str| json!({"name": name, "kind": ["bin"]});
        serde_json::from_value(json!({
            "target_directory": "/elsewhere/target",
            "packages": [
                {"name": "orders", "targets": [{"name": "orders", "kind": ["lib"]}, binary("orders")]},
                {"name": "payments", "targets": [binary("pay"), binary("refund")]},
                {"name": "tools", "targets": [{"name": "shared", "kind": ["lib"]}, binary("tool")]},
            ],
        }))
        .unwrap()
    }

    #[test]
    fn functions_that_share_a_binary_have_it_built_once() {
        let functions = [
            function("a", "target/lambda/orders/"),
            function("b", "target/lambda/orders/"),
            function("c", "target/lambda/refund/"),
        ];
        let workspace = workspace();
        let names = workspace.binaries_of(&functions).unwrap();
        assert_eq!(names, BTreeSet::from(["orders", "refund"]));
        assert_eq!(workspace.packages_with(&names), BTreeSet::from(["orders", "payments"]));
        assert_eq!(code_folder(&functions).unwrap(), Some(Path::new("target/lambda")));
    }

    #[test]
    fn a_binary_that_no_package_has_is_refused() {
        // A library of that name is not enough.
        let error = workspace()
            .binaries_of(&[function("a", "target/lambda/shared/")])
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "function A: CodeUri: no package of this workspace has a binary `shared`"
        );
    }

    #[test]
    fn all_folders_of_functions_lie_in_one() {
        let functions = [function("a", "target/lambda/orders/"), function("b", "out/pay/")];
        let error = code_folder(&functions).unwrap_err().to_string();
        assert!(error.starts_with("function B: CodeUri: out/pay"), "{error}");
    }

    #[test]
    fn cargo_lambda_builds_the_named_packages_only() {
        let packages = BTreeSet::from(["orders", "payments"]);
        let arguments = |arm64, debug| cargo_lambda_arguments(&packages, &AwsBuild { arm64, debug }).join(" ");
        assert_eq!(arguments(false, false), "lambda build --release -p orders -p payments");
        assert_eq!(arguments(true, true), "lambda build --arm64 -p orders -p payments");
    }
}
