//! The file as the storage layer sees it while it is only examined.
//!
//! Opening a file that was not closed cleanly repairs it, which writes. To decide first and write
//! later, the examination runs on an overlay: reads come from the file, writes stay in memory and
//! are thrown away. The locks are the file's own and outlive the examination, so that nobody comes
//! between it and the real open.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::Mutex;
use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

const BLOCK: usize = 4096;
const BLOCK_U64: u64 = BLOCK as u64;

/// A backend that never changes its file.
#[derive(Debug)]
pub(super) struct Overlay {
    file: Arc<FileBackend>,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    len: u64,
    /// Bytes of the file that still show through; behind them unwritten blocks are zero.
    file_len: u64,
    blocks: BTreeMap<u64, Box<[u8; BLOCK]>>,
}

impl Overlay {
    pub(super) fn new(file: Arc<FileBackend>) -> io::Result<Self> {
        let len = file.len()?;
        let written = Written { len, file_len: len, blocks: BTreeMap::new() };
        Ok(Self { file, written: Mutex::new(written) })
    }
}

impl Written {
    /// Reads within one block.
    fn read_block(&self, file: &FileBackend, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if let Some(block) = self.blocks.get(&(offset / BLOCK_U64)) {
            let from = offset_in_block(offset);
            out.copy_from_slice(&block[from..from + out.len()]);
            return Ok(());
        }
        let shown = self.file_len.saturating_sub(offset).min(out.len() as u64);
        let shown = usize::try_from(shown).expect("bounded by a block");
        file.read(offset, &mut out[..shown])?;
        out[shown..].fill(0);
        Ok(())
    }

    fn check_end(&self, offset: u64, len: usize) -> io::Result<()> {
        match offset.checked_add(len as u64) {
            Some(end) if end <= self.len => Ok(()),
            _ => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
        }
    }
}

fn offset_in_block(offset: u64) -> usize {
    usize::try_from(offset % BLOCK_U64).expect("less than a block")
}

/// Length of the next piece of `left` bytes at `offset` that stays within one block.
fn piece_len(offset: u64, left: usize) -> usize {
    left.min(BLOCK - offset_in_block(offset))
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written.lock().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written.lock();
        written.check_end(offset, out.len())?;
        let (mut offset, mut rest) = (offset, out);
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at_mut(piece_len(offset, rest.len()));
            written.read_block(&self.file, offset, piece)?;
            offset += piece.len() as u64;
            rest = behind;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut written = self.written.lock();
        let cut = len.div_ceil(BLOCK_U64);
        written.blocks.retain(|&block, _| block < cut);
        if let Some(block) = written.blocks.get_mut(&(len / BLOCK_U64)) {
            block[offset_in_block(len)..].fill(0);
        }
        written.file_len = written.file_len.min(len);
        written.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written.lock();
        written.check_end(offset, data.len())?;
        let (mut offset, mut rest) = (offset, data);
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(piece_len(offset, rest.len()));
            let index = offset / BLOCK_U64;
            if !written.blocks.contains_key(&index) {
                let mut block = Box::new([0; BLOCK]);
                written.read_block(&self.file, index * BLOCK_U64, &mut block[..])?;
                written.blocks.insert(index, block);
            }
            let block = written.blocks.get_mut(&index).expect("inserted above");
            let from = offset_in_block(offset);
            block[from..from + piece.len()].copy_from_slice(piece);
            offset += piece.len() as u64;
            rest = behind;
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        // The locks stay with the file, for the open that follows.
        Ok(())
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

/// The examined file itself, for the open that follows.
#[derive(Debug)]
pub(super) struct Examined(pub(super) Arc<FileBackend>);

impl StorageBackend for Examined {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}
