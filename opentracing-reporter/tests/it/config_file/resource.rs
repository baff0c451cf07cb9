//! The resource.

use super::{check_warnings, process, read, read_with};

#[test]
fn attributes_win_over_the_list() {
    let config = read(
        "resource:\n  attributes:\n    - {name: service.name, value: shop}\n    - {name: version, value: 1.10}\n    \
         - {name: replicas, value: 3, type: int}\n    - {name: none, value: }\n    - {name: zone, value: a}\n  \
         attributes_list: zone=b,team=a%20b%2Cc,service.name=other\n",
    );
    check_warnings(&config, &[]);
    let (service, tags) = process(config);
    let tags: Vec<_> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(service, "shop");
    assert_eq!(tags, ["replicas=3", "team=a b,c", "version=1.10", "zone=a"]);
}

#[test]
fn a_service_without_a_name_has_that_of_its_program() {
    let (service, _) = process(read(""));
    assert!(service.starts_with("unknown_service:it-"), "{service}");
    assert_eq!(process(read("").service("code")).0, "code");
}

#[test]
fn detectors_are_selected_by_name() {
    let keys = "file_format: \"1.1\"\nresource:\n  detection/development:\n    attributes: {included: [process.*, \
                service.*, host.?rch, os.type], excluded: [process.runtime.*]}\n    detectors: [process: , service: , host: ]\n";
    let config = read_with(keys, &[("OTEL_SERVICE_NAME", "shop")]);
    check_warnings(&config, &[]);
    let (service, tags) = process(config);
    assert_eq!((&*service, tags["process.pid"].clone()), ("shop", std::process::id().to_string()));
    let known = [
        "host.arch",
        "os.type",
        "process.executable.name",
        "process.executable.path",
        "process.pid",
        "service.instance.id",
    ];
    assert_eq!(tags.keys().filter(|key| *key != "process.owner").collect::<Vec<_>>(), known);
}

#[test]
fn attributes_win_over_detectors() {
    let keys = "resource:\n  attributes: [{name: host.arch, value: abacus}]\n  detection/development:\n    detectors: [host: ]\n";
    assert_eq!(process(read(keys)).1["host.arch"], "abacus");
    let detectors = opentracing_reporter::Detectors::new([opentracing_reporter::Detector::Host]);
    let config = read("resource:\n  attributes: [{name: host.arch, value: abacus}]\n").detectors(&detectors);
    let (_, tags) = process(config);
    assert_eq!((&*tags["host.arch"], tags.contains_key("host.name")), ("abacus", true));
}
