//! The engine alone: against the reference, on a failing disk, and on files it must refuse.

mod bad_files;
mod damaged_rows;
mod disk;
mod power_cut;
mod reference;
mod workload;
