use opentracing_viewer::analysis::{Calls, Comparison};

fn calls(count: u64, duration_ns: u64, failed: u64) -> Calls {
    let mut calls = Calls::default();
    (0..count).for_each(|call| calls.add(duration_ns, call < failed));
    calls
}

#[test]
fn compares_two_sides() {
    let comparison = Comparison { before: calls(1_000, 100, 100), after: calls(2_000, 50, 100) };
    assert!(comparison.is_meaningful() && comparison.has_p99());
    assert_eq!(comparison.ratio(0.5), Some(0.5));
    assert!((comparison.failed_growth() + 0.05).abs() < 1e-9);
}

#[test]
fn says_nothing_about_few_calls() {
    for (name, before, after, is_meaningful, has_p99) in [
        ("none", 0, 100, false, false),
        ("few", 29, 100, false, false),
        ("enough", 30, 30, true, false),
        ("many", 1_000, 1_000, true, true),
    ] {
        let comparison = Comparison { before: calls(before, 9, 0), after: calls(after, 9, 0) };
        assert_eq!((comparison.is_meaningful(), comparison.has_p99()), (is_meaningful, has_p99), "{name}");
    }
    assert_eq!(Comparison::default().ratio(0.5), None);
}
