//! The table of requirements on the crate's page: it is complete, and the tests that it names are there.

use std::fs;
use std::path::Path;

const TABLE: &str = include_str!("../../src/requirements.md");
const NUMBERS: [(char, u8); 9] =
    [('T', 15), ('S', 16), ('F', 4), ('C', 4), ('P', 15), ('A', 14), ('N', 3), ('G', 6), ('X', 1)];

/// The cells of each row: number, requirement, tests.
fn rows() -> impl Iterator<Item = [&'static str; 3]> {
    TABLE.lines().skip(2).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        cells.try_into().unwrap_or_else(|cells| panic!("{cells:?}"))
    })
}

#[test]
fn every_number_has_a_row() {
    let expected = NUMBERS.iter().flat_map(|&(letter, last)| (1..=last).map(move |number| format!("{letter}{number}")));
    assert_eq!(rows().map(|[number, ..]| number.to_string()).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[test]
fn every_test_that_is_named_is_there_and_bears_the_number() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut found = 0;
    for [number, _, cell] in rows() {
        for name in cell.split(", ").filter_map(|name| name.strip_prefix('`')?.strip_suffix('`')) {
            let Some((module, function)) = name.rsplit_once("::") else { continue };
            let file = tests.join(module.replace("::", "/")).with_extension("rs");
            let source = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(source.contains(&format!("#[test]\nfn {function}()")), "{name} is not in {}", file.display());
            assert!(bears(function, number), "{name} does not bear {number}");
            found += 1;
        }
    }
    assert!(found >= 72, "{found}");
}

/// Whether a name begins with the number, `s9_p1_…`, or with a range that it lies in, `g1_to_g5_…`.
fn bears(function: &str, number: &str) -> bool {
    let number = number.to_ascii_lowercase();
    let numbers: Vec<&str> =
        function.split('_').take_while(|part| *part == "to" || part[1..].parse::<u8>().is_ok()).collect();
    let order = |number: &str| (number.as_bytes()[0], number[1..].parse::<u8>().expect("a number"));
    match numbers[..] {
        [first, "to", last] => (order(first)..=order(last)).contains(&order(&number)),
        _ => numbers.contains(&&*number),
    }
}
