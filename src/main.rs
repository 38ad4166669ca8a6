use std::process::ExitCode;

fn main() -> ExitCode {
    seaworthy::run(std::env::args_os())
}
