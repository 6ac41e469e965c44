//! The only door to standard output and standard error.
//!
//! A reader that goes away (`jido log | head`) is no error: what it did not want to read is not
//! written. Invariant: text that comes from a file or a command is printed without its control
//! characters.

use std::fmt;
use std::io::{self, Write};

/// Standard output, locked for as long as this lives.
#[derive(Debug)]
pub(crate) struct Output {
    stdout: io::StdoutLock<'static>,
    open: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self { stdout: io::stdout().lock(), open: true }
    }

    /// Whether somebody still reads.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Writes text as it is.
    ///
    /// # Errors
    ///
    /// What the operating system says, except that the reader went away.
    pub(crate) fn text(&mut self, text: impl fmt::Display) -> io::Result<()> {
        self.write(|stdout| write!(stdout, "{text}"))
    }

    /// Writes one line.
    ///
    /// # Errors
    ///
    /// What the operating system says, except that the reader went away.
    pub(crate) fn line(&mut self, line: impl fmt::Display) -> io::Result<()> {
        self.write(|stdout| writeln!(stdout, "{line}"))
    }

    /// Hands everything written so far to the reader.
    ///
    /// # Errors
    ///
    /// What the operating system says, except that the reader went away.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.write(Write::flush)
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut io::StdoutLock<'static>) -> io::Result<()>,
    ) -> io::Result<()> {
        if !self.open {
            return Ok(());
        }
        match write(&mut self.stdout) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.open = false;
                Ok(())
            }
            result => result,
        }
    }
}

/// Tells the person at the terminal something, on standard error.
pub(crate) fn notice(message: impl fmt::Display) {
    explain(format_args!("jido: {message}\n"));
}

/// Writes text on standard error as it is.
///
/// If even that is closed there is nobody to tell: the exit code says the rest.
pub(crate) fn explain(text: impl fmt::Display) {
    match write!(io::stderr().lock(), "{text}") {
        Ok(()) | Err(_) => {}
    }
}

/// A foreign text on one line: control characters are shown as escapes.
#[derive(Debug)]
pub(crate) struct Plain<'a>(pub(crate) &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        Ok(())
    }
}
