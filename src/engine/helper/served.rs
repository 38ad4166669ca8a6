//! The helper's own end of a conversation.

use std::io::{self, BufRead, Read, Write};

use serde::Serialize;

/// What is asked of it: one line. From then on it ends at once where nobody holds its standard input open any
/// more.
///
/// # Errors
/// Where nobody asks.
pub fn hear() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    std::thread::Builder::new().spawn(|| {
        let _ = io::stdin().lock().read_to_end(&mut Vec::new());
        std::process::exit(1);
    })?;
    Ok(line)
}

/// Its answer.
///
/// # Errors
/// Where nobody listens.
pub fn say(reply: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(&serde_json::to_vec(reply)?)?;
    out.flush()
}
