//! The start of a program: command line, runtime, exit code.

use std::error::Error;
use std::fmt::Display;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

/// The error type of the programs.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Reads the command line and runs the program on a Tokio runtime.
///
/// Prints the help if `parse` returns `None`. The exit code is 2 for an invalid command line and 1 if the program fails. Both print the
/// error to standard error.
pub fn run<O>(
    help: &str,
    parse: impl FnOnce(lexopt::Parser) -> Result<Option<O>, lexopt::Error>,
    program: impl AsyncFnOnce(O) -> Result<ExitCode, BoxError>,
) -> ExitCode {
    let options = match parse(lexopt::Parser::from_env()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            say(help);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            print_error(format_args!("{error}; --help shows the options"));
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = runtime.map_err(BoxError::from).and_then(|runtime| runtime.block_on(program(options)));
    ended.unwrap_or_else(|error| {
        print_error(error);
        ExitCode::FAILURE
    })
}

/// Prints a line. Ignores a closed pipe, as behind `| head`.
pub fn say(line: impl Display) {
    let _ = writeln!(stdout(), "{line}");
}

fn print_error(line: impl Display) {
    let _ = writeln!(stderr(), "error: {line}");
}
