//! The sink of a monitor whose guard can be dropped while its notice is on the way.

use std::sync::Arc;

use crate::process::monitor::{Down, DownSink, MonitorId};
use crate::sync::Mutex;

/// A sink that is silent once its guard is gone, even for a notice that another thread is delivering at that moment.
pub(crate) struct GuardedSink {
    is_open: Mutex<bool>,
    sink: Arc<dyn DownSink>,
}

impl GuardedSink {
    pub(crate) fn new(sink: Arc<dyn DownSink>) -> Self {
        Self { is_open: Mutex::new(true), sink }
    }
}

impl DownSink for GuardedSink {
    fn down(&self, down: Down) {
        // Held during the delivery: a flush comes before it and closes, or after it and finds the notice.
        let is_open = self.is_open.lock();
        if *is_open {
            self.sink.down(down);
        }
    }

    fn flush(&self, monitor: MonitorId) {
        *self.is_open.lock() = false;
        self.sink.flush(monitor);
    }
}
