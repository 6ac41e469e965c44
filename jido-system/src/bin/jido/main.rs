//! tmp
fn main() -> std::process::ExitCode {
    let args: Vec<_> = std::env::args_os().skip(3).collect();
    match jido_system::exec_shim(args) {
        Ok(never) => match never {},
        Err(_) => std::process::ExitCode::from(2),
    }
}
