//! The command line: `up`, which starts the local cloud and is what happens without a subcommand, and what speaks to the
//! one that runs in the same data folder.

mod build;
mod events;
mod invoke;
mod logs;
mod queues;
mod redrive;
mod running;
mod token;
mod up;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

use crate::cloud;
use crate::data::DataFolder;
use crate::template::STACK;

/// Runs template.yaml on this machine.
#[derive(Parser)]
#[command(name = "cargo local", args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    up: up::Arguments,
    /// The data folder [default: .local beside template.yaml]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Build the functions and start everything (the default)
    Up(up::Arguments),
    /// Build the functions for AWS with cargo-lambda, into the folders that template.yaml names
    Build(build::Arguments),
    /// Print a token that the running or next local cloud accepts
    Token(token::Arguments),
    /// Print the events that went over the bus, one JSON line each
    Events(events::Arguments),
    /// Show what is in the queues
    Queues,
    /// Send dead letters back to the queue they came from
    Redrive(redrive::Arguments),
    /// Print what a function logged
    Logs(logs::Arguments),
    /// Run a function with a payload and print its answer
    Invoke(invoke::Arguments),
}

pub fn run() -> ExitCode {
    match dispatch(CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // `cargo local events | head`: whoever reads has read enough.
        Err(error)
            if error
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) =>
        {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: CommandLine) -> Result<()> {
    let data = DataFolder::new(match arguments.data {
        Some(folder) => std::path::absolute(folder)?,
        None => cloud::project()?.join(".local"),
    });
    match arguments.command.unwrap_or(Command::Up(arguments.up)) {
        Command::Up(arguments) => up::run(data, arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Token(arguments) => token::run(&data, arguments),
        Command::Events(arguments) => events::run(&data, &arguments),
        Command::Queues => queues::run(&data),
        Command::Redrive(arguments) => redrive::run(&data, &arguments),
        Command::Logs(arguments) => logs::run(&data, &arguments),
        Command::Invoke(arguments) => invoke::run(&data, &arguments),
    }
}

/// The one of the `known` names that is meant; the stack's name before it may be left out.
fn meant<'a>(what: &str, given: &str, known: &'a [String]) -> Result<&'a str> {
    let full = format!("{STACK}-{given}");
    let found = known
        .iter()
        .find(|name| *name == given)
        .or_else(|| known.iter().find(|name| **name == full));
    match found {
        Some(name) => Ok(name),
        None => bail!("there is no {what} `{given}`; there are: {}", known.join(", ")),
    }
}

/// Prints a line. Unlike `println!`, it gives an error when nobody reads any more.
fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn a_name_is_found_with_and_without_the_stacks_name() {
        let known = ["local-f".to_owned(), "g".to_owned()];
        assert_eq!(meant("function", "f", &known).unwrap(), "local-f");
        assert_eq!(meant("function", "local-f", &known).unwrap(), "local-f");
        assert_eq!(meant("function", "g", &known).unwrap(), "g");
        let error = meant("function", "h", &known).unwrap_err().to_string();
        assert_eq!(error, "there is no function `h`; there are: local-f, g");
    }

    #[test]
    fn build_takes_the_architecture_and_the_profile() {
        let parsed = CommandLine::try_parse_from(["local", "build", "--arm64", "--debug"]).unwrap();
        assert!(matches!(parsed.command, Some(Command::Build(_))));
    }

    #[test]
    fn up_is_the_default_and_every_subcommand_takes_data() {
        let parsed = CommandLine::try_parse_from(["local", "--port", "0", "--data", "d", "--fresh"]).unwrap();
        assert!(parsed.command.is_none());
        let parsed = CommandLine::try_parse_from(["local", "queues", "--data", "d"]).unwrap();
        assert_eq!(parsed.data, Some(PathBuf::from("d")));
        assert!(CommandLine::try_parse_from(["local", "token"]).is_err());
    }
}
