//! Variables in values.

use super::{HEAD, process, read_with};

const VARIABLES: [(&str, &str); 11] = [
    ("STRING_VALUE", "value"),
    ("BOOL_VALUE", "true"),
    ("INT_VALUE", "1"),
    ("FLOAT_VALUE", "1.1"),
    ("HEX_VALUE", "0xdeadbeef"),
    ("INVALID_MAP_VALUE", "value\nkey:value"),
    ("DO_NOT_REPLACE_ME", "Never use this value"),
    ("REPLACE_ME", "${DO_NOT_REPLACE_ME}"),
    ("VALUE_WITH_ESCAPE", "value$$"),
    ("EMPTY_VALUE", ""),
    ("_UNDER", "score"),
];

fn attribute(value: &str, kind: &str) -> String {
    format!("{HEAD}resource:\n  attributes:\n    - name: key\n      type: {kind}\n      value: {value}\n")
}

#[test]
fn references_are_replaced_as_specified() {
    for line in include_str!("../../data/config-substitution.txt").lines().filter(|line| !line.starts_with("# ")) {
        let (value, expected) = line.split_once(" => ").expect("a row has two sides");
        let config = read_with(&attribute(value, "string"), &VARIABLES);
        if expected == "error" {
            let invalid = config.invalid_file().unwrap_or_else(|| panic!("{line}")).to_string();
            assert!(invalid.contains(":6: has ${"), "{line}: {invalid}");
            continue;
        }
        let found = process(config).1.remove("key").unwrap_or_else(|| "null".to_owned());
        assert_eq!(found, expected.replace("\\n", "\n"), "{line}");
    }
}

#[test]
fn types_are_those_of_the_replaced_text() {
    #[track_caller]
    fn check(value: &str, kind: &str, expected: Result<&str, &str>) {
        let config = read_with(&attribute(value, kind), &VARIABLES);
        let found = match config.invalid_file() {
            Some(invalid) => Err(invalid.to_string()),
            None => Ok(process(config).1.remove("key").expect("the attribute")),
        };
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{value}"),
            (Err(found), Err(expected)) => assert!(found.ends_with(expected), "{value}: {found}"),
            _ => panic!("{value}: {found:?}"),
        }
    }
    check("${BOOL_VALUE}", "bool", Ok("true"));
    check("${INT_VALUE}", "int", Ok("1"));
    check("${HEX_VALUE}", "int", Ok("3735928559"));
    check("${FLOAT_VALUE}", "double", Ok("1.1"));
    check("${INT_VALUE}", "double", Ok("1"));
    check("\"${BOOL_VALUE}\"", "bool", Err("resource.attributes[0].value is \"true\", not true or false"));
    check("'${INT_VALUE}'", "int", Err("resource.attributes[0].value is \"1\", not a whole number"));
    check("${FLOAT_VALUE}", "int", Err("resource.attributes[0].value is 1.1, not a whole number"));
    check("${STRING_VALUE}", "double", Err("resource.attributes[0].value is \"value\", not a number"));
}

#[test]
fn keys_are_not_replaced() {
    let config = read_with(&format!("{HEAD}${{STRING_VALUE}}: 1\n"), &VARIABLES);
    super::check_warnings(&config, &["${STRING_VALUE} is not supported (line 2): ignoring it"]);
}
