//! Random workflows in random weather: whatever happens, the rules hold and everything ends.

use std::sync::Arc;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop};
use proptest::proptest;

use super::workflow;
use super::world::{Weather, World};
use crate::{Workflow, WorkflowStatus};

/// Acyclic by construction: an edge leads from a lower number to a higher one, while the file lists
/// the tasks in any order.
fn workflows() -> impl Strategy<Value = Arc<Workflow>> {
    (1_usize..14).prop_flat_map(|count| {
        let edges = prop::collection::vec((0..count, 0..count), 0..count * 2);
        let order = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
        (edges, order).prop_map(|(edges, order)| {
            let ids: Vec<String> = (0..order.len()).map(|at| format!("t{at}")).collect();
            let mut parents = vec![Vec::new(); ids.len()];
            for (one, other) in edges.into_iter().filter(|(one, other)| one != other) {
                parents[one.max(other)].push(&*ids[one.min(other)]);
            }
            let listed: Vec<_> =
                order.iter().map(|&at| (&*ids[at], 1.0, &parents[at][..])).collect();
            workflow(&listed)
        })
    })
}

fn weathers() -> impl Strategy<Value = Weather> {
    (1_usize..6, 1_u32..4, 0_u64..50, 0_u64..40, 0_u32..8, any::<bool>()).prop_map(
        |(slots, attempts, failing, crashing, restarts, torn)| Weather {
            slots,
            attempts,
            failing,
            crashing,
            restarts,
            torn,
            cancels: false,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_run_keeps_the_rules_and_ends(
        workflow in workflows(),
        weather in weathers(),
        seed in any::<u64>(),
    ) {
        let mut world = World::new(&workflow, weather, seed);
        let status = world.run();
        world.check_end(status);
    }

    #[test]
    fn without_failures_every_run_completes_however_often_it_is_interrupted(
        workflow in workflows(),
        slots in 1_usize..6,
        restarts in 0_u32..20,
        seed in any::<u64>(),
    ) {
        let weather = Weather {
            slots, attempts: 1, failing: 0, crashing: 0, restarts, torn: true, cancels: false,
        };
        let mut world = World::new(&workflow, weather, seed);
        assert_eq!(world.run(), WorkflowStatus::Completed);
        world.check_end(WorkflowStatus::Completed);
    }

    #[test]
    fn a_run_that_may_be_cancelled_keeps_the_rules_and_ends(
        workflow in workflows(),
        weather in weathers(),
        seed in any::<u64>(),
    ) {
        let mut world = World::new(&workflow, Weather { cancels: true, ..weather }, seed);
        let status = world.run();
        world.check_end(status);
    }
}
