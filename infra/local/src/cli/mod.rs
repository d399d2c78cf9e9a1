//! The command line: `up` starts the local cloud and is the default. Most other subcommands connect to the local cloud that
//! runs in the same data folder.

mod build;
mod events;
mod invoke;
mod logs;
mod name;
mod output;
mod plan;
mod queues;
mod redrive;
mod retained;
mod running;
mod token;
mod up;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

use crate::cloud;
use crate::data::DataFolder;

/// Run template.yaml on this machine
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
    /// Print the template that imports the table and the bucket of a deleted stack into a new one
    Retained,
    /// Print a token for the API
    Token(token::Arguments),
    /// Print the events of the buses, one line each
    Events(events::Arguments),
    /// Print the number of messages in each queue
    Queues,
    /// Send dead letters back to the queue that gave them up
    Redrive(redrive::Arguments),
    /// Print the log of a function
    Logs(logs::Arguments),
    /// Invoke a function with its sample or another payload, and print its answer
    Invoke(invoke::Arguments),
}

/// The subcommands: their names and what they do.
pub fn commands() -> Vec<(String, String)> {
    let describe = |command: &clap::Command| {
        let about = command.get_about().map(ToString::to_string);
        (format!("cargo local {}", command.get_name()), about.unwrap_or_default())
    };
    CommandLine::command().get_subcommands().map(describe).collect()
}

pub fn run() -> ExitCode {
    match dispatch(CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has closed the pipe, as in `cargo local events | head`.
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
        Command::Retained => retained::run(),
        Command::Token(arguments) => token::run(&data, arguments),
        Command::Events(arguments) => events::run(&data, &arguments),
        Command::Queues => queues::run(&data),
        Command::Redrive(arguments) => redrive::run(&data, &arguments),
        Command::Logs(arguments) => logs::run(&data, &arguments),
        Command::Invoke(arguments) => invoke::run(&data, arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_has_no_conflicts() {
        CommandLine::command().debug_assert();
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
