//! Keys that are ignored, each with one warning.

use super::{check_warnings, process, provider, read, read_with};

#[test]
fn each_unsupported_key_is_one_warning() {
    #[track_caller]
    fn check(keys: &str, expected: &[&str]) {
        check_warnings(&read(keys), expected);
    }
    check(
        "log_level: info\nmeter_provider: {readers: []}\nlogger_provider:\n",
        &[
            "log_level is not supported (line 2): ignoring it",
            "meter_provider is not supported (line 3): ignoring it",
            "logger_provider is not supported (line 4): ignoring it",
        ],
    );
    check(
        "tracer_provider:\n  processors:\n    - batch:\n        exporter:\n          otlp_http:\n            foo: 1\n            encoding: xml\n            compression: zip\n",
        &[
            "tracer_provider.processors[0].batch.exporter.otlp_http.encoding is \"xml\", which is not supported (line 8): using \
             protobuf",
            "tracer_provider.processors[0].batch.exporter.otlp_http.compression is \"zip\", which is not supported (line 9): using \
             none",
            "tracer_provider.processors[0].batch.exporter.otlp_http.foo is not supported (line 7): ignoring it",
        ],
    );
    check(
        "tracer_provider:\n  processors:\n    - batch: {exporter: {pigeon: {speed: 5}}}\n    - own: {}\n",
        &[
            "tracer_provider.processors[0].batch.exporter.pigeon is not supported (line 4): ignoring it",
            "tracer_provider.processors[1].own is not supported (line 5): ignoring it",
            "tracer_provider.processors has no processor that is supported (line 3): sending no spans",
        ],
    );
    check(
        "propagator:\n  composite: [morse: , tracecontext: {speed: 1}]\n  composite_list: smoke,b3,morse\n",
        &[
            "propagator.composite[0].morse is not supported (line 3): ignoring it",
            "propagator.composite[1].tracecontext.speed is not supported (line 3): ignoring it",
            "propagator.composite_list has \"smoke\", which is not supported (line 4): ignoring it",
        ],
    );
    check(
        &provider("  sampler: {dice: {sides: 6}}\n  id_generator: {dice: }\n  tracer_configurator/development: {}\n"),
        &[
            "tracer_provider.sampler.dice is not supported (line 4): using parent_based with always_on",
            "tracer_provider.id_generator.dice is not supported (line 5): using random",
            "tracer_provider.tracer_configurator/development is not supported (line 6): ignoring it",
        ],
    );
    check(
        "resource:\n  schema_url: http://a/1\n  attributes:\n    - {name: a, value: [1, 2], type: int_array}\n",
        &[
            "resource.attributes[0].value is a list, which a tag cannot hold (line 5): ignoring it",
            "resource.schema_url is not supported (line 3): ignoring it",
        ],
    );
    check(
        "instrumentation/development: {general: {stability_opt_in_list: \"http,smoke\", http: {}}, java: {}}\n",
        &[
            "instrumentation/development.general.stability_opt_in_list has \"smoke\", which is not supported (line 2): ignoring it",
            "instrumentation/development.general.http is not supported (line 2): ignoring it",
            "instrumentation/development.java is not supported (line 2): ignoring it",
        ],
    );
    check(
        &provider(
            "  limits: {attribute_value_length_limit: 2000000, event_count_limit: 70000, link_attribute_count_limit: 0}\n",
        ),
        &[
            "tracer_provider.limits.attribute_value_length_limit is 2000000, more than 1048576 (line 4): using 1048576",
            "tracer_provider.limits.event_count_limit is 70000, more than 65535 (line 4): using 65535",
            "tracer_provider.limits.link_attribute_count_limit is 0, but a link has the attribute opentracing.ref_type (line 4): \
             writing it",
        ],
    );
    check(
        "resource:\n  detection/development:\n    detectors: [moon: , host: {phase: 1}]\n",
        &[
            "resource.detection/development.detectors[0].moon is not supported (line 4): ignoring it",
            "resource.detection/development.detectors[1].host.phase is not supported (line 4): ignoring it",
        ],
    );
}

#[test]
fn warnings_name_the_path() {
    let config = read("attribute_limits: {weight_limit: 7}\n");
    assert_eq!(config.warnings()[0].variable(), "attribute_limits.weight_limit");
}

#[test]
fn other_variables_are_ignored() {
    let variables = [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_SERVICE_NAME", "other"),
        ("OTEL_RESOURCE_ATTRIBUTES", "zone=b"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
        ("JAEGER_TAGS", "zone=c"),
        ("DD_ENV", "d"),
        ("OTEL_EXPERIMENTAL_CONFIG_FILE", "/nowhere.yaml"),
    ];
    let keys = "file_format: \"1.1\"\nresource: {attributes: [{name: service.name, value: shop}]}\n";
    let config = read_with(keys, &variables);
    check_warnings(&config, &[]);
    let (service, tags) = process(config);
    assert_eq!((&*service, tags.len()), ("shop", 0), "{tags:?}");
}
