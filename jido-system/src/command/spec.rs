//! What to run: the description of one command.

use std::path::PathBuf;
use std::time::Duration;

/// One command, completely described. Nothing in it passes through a shell.
///
/// The command inherits the environment of its owner, with `env` on top; its standard input is
/// empty.
///
/// # Examples
///
/// ```
/// use jido_system::CommandSpec;
///
/// let spec = CommandSpec {
///     program: "/bin/echo".into(),
///     arguments: vec!["two words".to_owned(), "$HOME".to_owned()],
///     workdir: "/".into(),
///     env: vec![("JIDO_TASK_ID".to_owned(), "greet".to_owned())],
///     timeout: None,
///     output_limit: CommandSpec::DEFAULT_OUTPUT_LIMIT,
/// };
/// assert_eq!(spec.arguments.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSpec {
    /// The executable file, as [`resolve_program`](crate::resolve_program) found it. Not searched
    /// for again.
    pub program: PathBuf,
    /// The arguments, passed on verbatim.
    pub arguments: Vec<String>,
    /// The folder the command starts in.
    pub workdir: PathBuf,
    /// Variables added to the inherited environment.
    pub env: Vec<(String, String)>,
    /// How long the command may run before its group is killed. `None`: as long as it likes.
    pub timeout: Option<Duration>,
    /// How many bytes of each output stream are kept: half from its head, half from its tail.
    pub output_limit: usize,
}

impl CommandSpec {
    /// The usual [`output_limit`](Self::output_limit): 64 KiB of each stream.
    pub const DEFAULT_OUTPUT_LIMIT: usize = 64 * 1024;
}
