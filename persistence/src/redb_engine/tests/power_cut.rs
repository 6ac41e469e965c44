//! Power cuts at every sync and write of a run: what was acknowledged is there, nothing is torn.

use super::disk::{Cut, Disk};
use super::reference::{formatted, open};
use super::workload::{Workload, dump, now_ms, workload};
use crate::engine::{Engine, Stage};

/// How one run on a failing disk ended.
struct Run {
    /// Groups that were acknowledged.
    acked: usize,
    /// Whether a group behind those was under way.
    in_flight: bool,
    image: Vec<u8>,
}

/// Runs the groups from `first` on until the disk fails or they are done.
fn run(workload: &Workload, disk: &Disk, first: usize) -> Run {
    let mut acked = first;
    let mut in_flight = false;
    if let Ok(mut engine) = open(disk) {
        for (index, group) in workload.groups.iter().enumerate().skip(first) {
            match engine.apply(group, now_ms(index)) {
                Ok(applied) => {
                    let outcomes = format!("{:?}", applied.outcomes);
                    assert!(outcomes == workload.outcomes[index], "group {index}");
                    acked = index + 1;
                }
                Err(failure) => {
                    in_flight = failure.stage == Stage::Commit;
                    // Nothing is served by an engine that failed.
                    assert!(engine.apply(group, 0).is_err());
                    break;
                }
            }
        }
    }
    Run { acked, in_flight, image: disk.image() }
}

/// Opens what the run left and says which state it holds; `None` for one that never was.
fn recovered(workload: &Workload, run: &Run, disk: &Disk) -> Option<usize> {
    let mut engine = open(disk).ok()?;
    let found = dump(&mut engine);
    let last = run.acked + usize::from(run.in_flight);
    (run.acked..=last).find(|&state| workload.dumps[state] == found)
}

/// Cuts one run short, recovers through a cut repair, and finishes the work.
///
/// Gives the number of groups that were there without having been acknowledged: 0 or 1.
fn check_cut(workload: &Workload, image: &[u8], cut: Cut, seed: u64) -> Result<usize, String> {
    let disk = Disk::new(image.to_vec(), seed).cut(cut);
    let first = run(workload, &disk, 0);
    if !disk.is_dead() {
        return Err("the cut was never reached".to_owned());
    }
    // The power fails again in the repair, at each of its syncs in turn.
    let mut image = first.image.clone();
    for sync in 0..2 {
        let disk = Disk::new(image.clone(), seed ^ sync).cut(Cut::Sync(sync));
        drop(open(&disk));
        image = disk.image();
    }
    let disk = Disk::new(image.clone(), seed);
    let state = recovered(workload, &first, &disk)
        .ok_or(format!("{} acknowledged groups are not there", first.acked))?;
    let rest = run(workload, &Disk::new(image, seed), state);
    if rest.acked != workload.groups.len() {
        return Err(format!("stopped again at {}", rest.acked));
    }
    Ok(state - first.acked)
}

#[test]
fn every_power_cut_leaves_the_last_acknowledged_state_or_the_one_in_flight() {
    let (mut cuts, mut unacknowledged) = (0, 0);
    for seed in 0..6 {
        let workload = workload(seed, 12);
        let image = formatted(seed);
        let whole = Disk::new(image.clone(), seed);
        assert_eq!(run(&workload, &whole, 0).acked, workload.groups.len());
        let syncs = (0..whole.syncs()).map(Cut::Sync);
        let writes = (0..whole.writes()).step_by(3).map(Cut::Write);
        for cut in syncs.chain(writes) {
            // Another choice of what the platter kept for each cut.
            let chance = seed * 100_000 + cuts;
            unacknowledged += check_cut(&workload, &image, cut, chance)
                .unwrap_or_else(|error| panic!("seed {seed}, {cut:?}: {error}"));
            cuts += 1;
        }
    }
    assert!(cuts > 300, "{cuts} cuts are too few to mean anything");
    assert!(unacknowledged > 3, "whole groups survive unacknowledged too: {unacknowledged}");
}

#[test]
fn the_harness_detects_a_disk_that_lies_about_its_syncs() {
    let mut detected = 0;
    for seed in 0..6 {
        let workload = workload(seed, 12);
        let disk = Disk::new(formatted(seed), seed).lying().cut(Cut::Sync(8));
        let run = run(&workload, &disk, 0);
        assert!(run.acked > 3);
        let found = recovered(&workload, &run, &Disk::new(run.image.clone(), seed));
        detected += u32::from(found.is_none());
    }
    assert_eq!(detected, 6);
}
