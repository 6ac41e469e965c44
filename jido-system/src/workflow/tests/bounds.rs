//! The bounds, by hand and by another method.

use std::collections::HashMap;

use proptest::prelude::{ProptestConfig, any, prop};
use proptest::{prop_assert, proptest};

use super::{diamond, workflow};
use crate::{Bounds, Workflow};

fn of(workflow: &Workflow, workers: u32) -> Bounds {
    Bounds::of(workflow, |at| workflow.tasks()[at.as_usize()].runtime_s, workers)
}

#[test]
fn the_bounds_of_a_diamond_are_those_computed_by_hand() {
    // W = 1+2+3+4+5 = 15; C = a, c, d = 8.
    let expected = [
        (1, 15.0, 15.0),       // max(8, 15/1), 15/1 + 8 * 0/1
        (2, 8.0, 7.5 + 4.0),   // max(8, 7.5),  15/2 + 8 * 1/2
        (4, 8.0, 3.75 + 6.0),  // max(8, 3.75), 15/4 + 8 * 3/4
        (8, 8.0, 1.875 + 7.0), // max(8, 1.875), 15/8 + 8 * 7/8
    ];
    for (workers, lower_bound_s, graham_bound_s) in expected {
        let bounds = Bounds { work_s: 15.0, critical_path_s: 8.0, lower_bound_s, graham_bound_s };
        assert_eq!(of(&diamond(), workers), bounds, "{workers} workers");
    }
    assert_eq!(of(&diamond(), 0), of(&diamond(), 1), "no workers count as one");
}

#[test]
fn wide_work_is_bounded_by_its_amount_and_a_chain_by_its_length() {
    let ids: Vec<String> = (0..100).map(|at| format!("t{at}")).collect();
    let wide: Vec<_> = ids.iter().map(|id| (&**id, 2.0, &[][..])).collect();
    let bounds = of(&workflow(&wide), 10);
    assert_eq!((bounds.lower_bound_s, bounds.graham_bound_s), (20.0, 20.0 + 2.0 * 0.9));

    let parents: Vec<[&str; 1]> = ids.iter().map(|id| [&**id]).collect();
    let chain: Vec<_> = (0..100)
        .map(|at| (&*ids[at], 2.0, if at == 0 { &[][..] } else { &parents[at - 1][..] }))
        .collect();
    let bounds = of(&workflow(&chain), 10);
    assert_eq!((bounds.lower_bound_s, bounds.graham_bound_s), (200.0, 20.0 + 200.0 * 0.9));
}

/// The longest path by recursion over ids, as one would define it.
fn longest<'a>(
    id: &'a str,
    tasks: &HashMap<&'a str, (f64, Vec<&'a str>)>,
    known: &mut HashMap<&'a str, f64>,
) -> f64 {
    if let Some(&known) = known.get(id) {
        return known;
    }
    let (runtime, parents) = &tasks[id];
    let before = parents.iter().map(|parent| longest(parent, tasks, known)).fold(0.0, f64::max);
    known.insert(id, before + runtime);
    before + runtime
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_bounds_agree_with_another_method(
        runtimes in prop::collection::vec(0.0_f64..100.0, 1..30),
        edges in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..60),
        workers in 1_u32..20,
    ) {
        let ids: Vec<String> = (0..runtimes.len()).map(|at| format!("t{at}")).collect();
        let mut tasks: HashMap<&str, (f64, Vec<&str>)> =
            ids.iter().zip(&runtimes).map(|(id, s)| (&**id, (*s, Vec::new()))).collect();
        for (one, other) in edges {
            let (one, other) = (one.index(ids.len()), other.index(ids.len()));
            if one != other {
                tasks.get_mut(&*ids[one.max(other)]).unwrap().1.push(&ids[one.min(other)]);
            }
        }
        // Children first in the file, so that its order is no topological one.
        let listed: Vec<(&str, f64, &[&str])> =
            ids.iter().rev().map(|id| (&**id, tasks[&**id].0, &tasks[&**id].1[..])).collect();
        let bounds = of(&workflow(&listed), workers);

        let mut known = HashMap::new();
        let path = ids.iter().map(|id| longest(id, &tasks, &mut known)).fold(0.0, f64::max);
        let work: f64 = runtimes.iter().sum();
        let p = f64::from(workers);
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
        prop_assert!(near(bounds.critical_path_s, path) && near(bounds.work_s, work));
        let lower = if path > work / p { path } else { work / p };
        prop_assert!(near(bounds.lower_bound_s, lower));
        prop_assert!(near(bounds.graham_bound_s, (work + path * (p - 1.0)) / p));
        prop_assert!(bounds.lower_bound_s <= bounds.graham_bound_s * (1.0 + 1e-12));
    }
}
