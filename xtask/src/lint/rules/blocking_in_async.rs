//! `blocking_in_async`: a call that stops the thread of a runtime.

use super::{Levels, Rule, Seen};
use crate::lint::judge::Sight;
use crate::lint::source::Body;

pub(crate) const BLOCKING_IN_ASYNC: Rule = Rule {
    code: "FND007",
    id: "blocking_in_async",
    levels: Levels::PRODUCTION,
    message: "blocks the thread that runs async code",
    hint: "await the asynchronous form, or move the work to a `ThreadServer` or `spawn_blocking`",
    explain: "\
A blocked runtime thread stops every process that shares it: timers fire late, calls time out, and the
supervisor that should repair it waits for the same thread.

Found, in async functions, blocks and closures: std's thread::sleep, park, fs, net, process, mpsc
receives, Condvar, Barrier and thread joins; tokio's block_on and blocking_*; the blocking receives of
crossbeam, flume, async-channel, async-broadcast and kanal, and selections of crossbeam and flume; block_on
and its kin of futures, futures-lite, smol, async-io, async-global-executor, async-std, actix-rt and pollster.
Not found: the same in a plain function, in a closure given to spawn_blocking, block_in_place,
thread::spawn or unblock, and the block_on that `#[tokio::main]` writes. A plain function that async
code calls is not followed. Not in force in tests, examples and benches.",
    paths: PATHS,
    sees,
    ..Rule::BLANK
};

const PATHS: &[&str] = &[
    "std::thread::sleep",
    "std::thread::park",
    "std::thread::park_timeout",
    "std::thread::JoinHandle::join",
    "std::fs::canonicalize",
    "std::fs::copy",
    "std::fs::create_dir",
    "std::fs::create_dir_all",
    "std::fs::hard_link",
    "std::fs::metadata",
    "std::fs::read",
    "std::fs::read_dir",
    "std::fs::read_link",
    "std::fs::read_to_string",
    "std::fs::remove_dir",
    "std::fs::remove_dir_all",
    "std::fs::remove_file",
    "std::fs::rename",
    "std::fs::set_permissions",
    "std::fs::symlink_metadata",
    "std::fs::write",
    "std::fs::File::create",
    "std::fs::File::create_new",
    "std::fs::File::open",
    "std::fs::File::set_len",
    "std::fs::File::sync_all",
    "std::fs::File::sync_data",
    "std::fs::OpenOptions::open",
    "std::io::Stdin::read_line",
    "std::net::TcpStream::connect",
    "std::net::TcpStream::connect_timeout",
    "std::net::TcpListener::accept",
    "std::net::UdpSocket::recv",
    "std::net::UdpSocket::recv_from",
    "std::process::Command::output",
    "std::process::Command::status",
    "std::process::Child::wait",
    "std::process::Child::wait_with_output",
    "std::sync::mpsc::Receiver::recv",
    "std::sync::mpsc::Receiver::recv_timeout",
    "std::sync::Barrier::wait",
    "std::sync::Condvar::wait",
    "std::sync::Condvar::wait_timeout",
    "std::sync::Condvar::wait_timeout_while",
    "std::sync::Condvar::wait_while",
    "lock_api::Condvar::wait",
    "lock_api::Condvar::wait_for",
    "lock_api::Condvar::wait_until",
    "lock_api::Condvar::wait_while",
    "lock_api::Condvar::wait_while_for",
    "lock_api::Condvar::wait_while_until",
    // Before version 0.13.
    "parking_lot::Condvar::wait",
    "parking_lot::Condvar::wait_for",
    "parking_lot::Condvar::wait_until",
    "parking_lot::Condvar::wait_while",
    "tokio::runtime::Handle::block_on",
    "tokio::runtime::Runtime::block_on",
    "tokio::runtime::LocalRuntime::block_on",
    "tokio::task::LocalSet::block_on",
    "tokio::sync::Mutex::blocking_lock",
    "tokio::sync::Mutex::blocking_lock_owned",
    "tokio::sync::RwLock::blocking_read",
    "tokio::sync::RwLock::blocking_write",
    "tokio::sync::Semaphore::blocking_acquire",
    "tokio::sync::Semaphore::blocking_acquire_many",
    "tokio::sync::Semaphore::blocking_acquire_owned",
    "tokio::sync::Semaphore::blocking_acquire_many_owned",
    "tokio::sync::mpsc::Receiver::blocking_recv",
    "tokio::sync::mpsc::Receiver::blocking_recv_many",
    "tokio::sync::mpsc::UnboundedReceiver::blocking_recv",
    "tokio::sync::mpsc::UnboundedReceiver::blocking_recv_many",
    "tokio::sync::mpsc::Sender::blocking_send",
    "tokio::sync::oneshot::Receiver::blocking_recv",
    "tokio::sync::broadcast::Receiver::blocking_recv",
    "crossbeam_channel::Receiver::recv",
    "crossbeam_channel::Receiver::recv_timeout",
    "crossbeam_channel::Receiver::recv_deadline",
    "crossbeam_channel::Select::select",
    "crossbeam_channel::Select::select_timeout",
    "crossbeam_channel::Select::select_deadline",
    "crossbeam_channel::Select::ready",
    "crossbeam_channel::Select::ready_timeout",
    "crossbeam_channel::Select::ready_deadline",
    "flume::Receiver::recv",
    "flume::Receiver::recv_timeout",
    "flume::Receiver::recv_deadline",
    "flume::Selector::wait",
    "flume::Selector::wait_timeout",
    "flume::Selector::wait_deadline",
    "async_channel::Receiver::recv_blocking",
    "async_channel::Sender::send_blocking",
    "async_broadcast::Receiver::recv_blocking",
    "async_broadcast::Sender::broadcast_blocking",
    "kanal::Receiver::recv",
    "kanal::Receiver::recv_timeout",
    "futures_executor::block_on",
    "futures_executor::block_on_stream",
    "futures_executor::LocalPool::run",
    "futures_executor::LocalPool::run_until",
    "futures_lite::future::block_on",
    "async_io::block_on",
    "async_global_executor::block_on",
    "async_std::task::block_on",
    "async_std::task::Builder::blocking",
    "actix_rt::Runtime::block_on",
    "actix_rt::SystemRunner::block_on",
    "actix_rt::SystemRunner::run",
    "actix_rt::SystemRunner::run_with_code",
    "actix_rt::Arbiter::join",
    "pollster::block_on",
];

fn sees(sight: &Sight<'_>) -> Seen {
    if sight.body() != Body::Async || sight.is_entry_of_runtime() {
        return Seen::Fine;
    }
    Seen::Finding(BLOCKING_IN_ASYNC.message)
}
