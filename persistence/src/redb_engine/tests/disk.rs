//! A disk that loses power: what was not synced is kept, dropped or torn at sector boundaries.

use std::io;
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::Mutex;
use redb::{BackendError, StorageBackend};

const SECTOR: usize = 512;

/// A small generator of repeatable choices.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// When the power fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Never,
    /// In the n-th sync, counted from 0.
    Sync(u64),
    /// In the n-th write, counted from 0.
    Write(u64),
}

/// Whether a sync does what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Honesty {
    Honest,
    /// Reports success and keeps nothing.
    Lying,
}

/// The disk, shared between the engine and the test.
#[derive(Debug, Clone)]
pub(super) struct Disk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// What survives.
    durable: Vec<u8>,
    /// What the running program sees.
    current: Vec<u8>,
    /// Sectors changed since the last sync.
    unsynced: Vec<usize>,
    honesty: Honesty,
    cut: Cut,
    dead: bool,
    syncs: u64,
    writes: u64,
    /// How often the file became longer.
    growths: u64,
    rng: Rng,
}

impl Disk {
    pub(super) fn new(image: Vec<u8>, seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            durable: image.clone(),
            current: image,
            unsynced: Vec::new(),
            honesty: Honesty::Honest,
            cut: Cut::Never,
            dead: false,
            syncs: 0,
            writes: 0,
            growths: 0,
            rng: Rng::new(seed),
        })))
    }

    pub(super) fn cut(self, cut: Cut) -> Self {
        self.0.lock().cut = cut;
        self
    }

    pub(super) fn lying(self) -> Self {
        self.0.lock().honesty = Honesty::Lying;
        self
    }

    pub(super) fn syncs(&self) -> u64 {
        self.0.lock().syncs
    }

    pub(super) fn writes(&self) -> u64 {
        self.0.lock().writes
    }

    pub(super) fn growths(&self) -> u64 {
        self.0.lock().growths
    }

    pub(super) fn is_dead(&self) -> bool {
        self.0.lock().dead
    }

    /// Cuts the power now, unless it is cut, and gives what is on the platter.
    pub(super) fn image(&self) -> Vec<u8> {
        let mut state = self.0.lock();
        state.fail();
        state.durable.clone()
    }
}

impl State {
    fn alive(&self) -> io::Result<()> {
        if self.dead { Err(io::Error::other("power cut")) } else { Ok(()) }
    }

    /// Every unsynced sector reached the platter, or did not, or the size did not.
    fn fail(&mut self) {
        if self.dead {
            return;
        }
        self.dead = true;
        if self.honesty == Honesty::Lying {
            return;
        }
        // Growing and shrinking is metadata: it happened, or not.
        if self.durable.len() != self.current.len() && self.rng.below(2) == 0 {
            self.durable.resize(self.current.len(), 0);
        }
        // All, none, or half of the sectors.
        let fate = self.rng.below(4);
        for sector in std::mem::take(&mut self.unsynced) {
            let kept = match fate {
                0 => true,
                1 => false,
                _ => self.rng.below(2) == 0,
            };
            let from = sector * SECTOR;
            let to = (from + SECTOR).min(self.durable.len()).min(self.current.len());
            if kept && from < to {
                self.durable[from..to].copy_from_slice(&self.current[from..to]);
            }
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        let state = self.0.lock();
        state.alive()?;
        Ok(state.current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.0.lock();
        state.alive()?;
        let from = usize::try_from(offset).unwrap();
        let bytes = state.current.get(from..from + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.0.lock();
        state.alive()?;
        let len = usize::try_from(len).unwrap();
        state.growths += u64::from(len > state.current.len());
        state.current.resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        state.alive()?;
        let index = state.syncs;
        state.syncs += 1;
        if state.cut == Cut::Sync(index) {
            state.fail();
            return state.alive();
        }
        if state.honesty == Honesty::Honest {
            state.durable = state.current.clone();
        }
        state.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock();
        state.alive()?;
        let index = state.writes;
        state.writes += 1;
        if state.cut == Cut::Write(index) {
            state.fail();
            return state.alive();
        }
        let from = usize::try_from(offset).unwrap();
        let to = from + data.len();
        if to > state.current.len() {
            state.current.resize(to, 0);
        }
        state.current[from..to].copy_from_slice(data);
        state.unsynced.extend(from / SECTOR..to.div_ceil(SECTOR));
        Ok(())
    }

    fn try_lock_range(&self, _start: Bound<u64>, _end: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn unlock_range(&self, _start: Bound<u64>, _end: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }
}
