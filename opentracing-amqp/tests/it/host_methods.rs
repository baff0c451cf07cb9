//! Each public method of lapin's types is a method of the traced type too. The methods are read from the source of the version in
//! `Cargo.lock`, so a new one fails this test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use async_rs::Tokio;
use opentracing_amqp::{TracingChannel, TracingConnection, TracingConnectionBuilder, TracingConsumer, TracingDelivery};

/// Names methods of a traced type. Paths do not dereference, so this compiles only if they are methods of the type itself.
macro_rules! methods {
    ($type:ty: $($method:ident $(::<$($parameter:ty),+>)?),+ $(,)?) => {{
        $(let _ = <$type>::$method $(::<$($parameter),+>)?;)+
        vec![$(stringify!($method)),+]
    }};
}

#[test]
fn traced_types_have_the_methods_of_lapins() {
    let channel = methods!(TracingChannel:
        access_request, basic_ack, basic_cancel, basic_consume, basic_get, basic_nack, basic_publish, basic_qos,
        basic_recover, basic_recover_async, basic_reject, channel_flow, close, confirm_select, exchange_bind,
        exchange_declare, exchange_delete, exchange_unbind, id, queue_bind, queue_declare, queue_delete, queue_purge,
        queue_unbind, status, tx_commit, tx_rollback, tx_select, wait_for_confirms, wait_for_recovery,
    );
    let mut connection = methods!(TracingConnection:
        close, configuration, connect, connect_uri, connect_uri_with_config::<Tokio>, connect_uri_with_runtime::<Tokio>,
        connect_with_config::<Tokio>, connect_with_runtime::<Tokio>, create_channel, events_listener, run, status,
        update_secret,
    );
    // It takes an `impl AsyncFn`, so it cannot be named without a call. `connections` calls it.
    connection.push("connector");
    let builder = methods!(TracingConnectionBuilder<Tokio>:
        connect, new, new_with_runtime, with_properties, with_tls_config, with_uri, with_uri_str,
    );
    let consumer = methods!(TracingConsumer: queue, set_delegate::<_, Delegate>, tag);
    let acker = methods!(TracingDelivery: ack, nack, poisoned, reject, usable);
    // `Delivery::mock` and the fields are reached by dereferencing; there is nothing to trace.
    let rows: [(&str, &[&str], Vec<&str>); 8] = [
        ("Channel", &["channel.rs", "generated/channel.rs"], channel),
        ("Connection", &["connection.rs"], connection),
        ("ConnectionBuilder", &["connection_builder.rs"], builder),
        ("Consumer", &["consumer.rs"], consumer),
        ("Acker", &["acker.rs"], acker),
        ("Delivery", &["message.rs"], vec!["mock"]),
        ("BasicGetMessage", &["message.rs"], vec![]),
        ("PublisherConfirm", &["publisher_confirm.rs"], vec![]),
    ];
    let source = lapin_source();
    for (host, files, traced) in rows {
        let methods: BTreeSet<_> = files.iter().flat_map(|file| public_methods(&source.join(file), host)).collect();
        let traced: BTreeSet<_> = traced.into_iter().map(str::to_owned).collect();
        assert_eq!(methods, traced, "{host} in {}", source.display());
    }
}

type Delegate = fn(lapin::message::DeliveryResult) -> std::future::Ready<()>;

/// The folder with the source of lapin that is compiled.
fn lapin_source() -> PathBuf {
    // Other platforms have dependencies that were not downloaded.
    let about = output("rustc", &["-vV"]);
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let options =
        ["metadata", "--format-version", "1", "--offline", "--filter-platform", host, "--manifest-path", manifest];
    let metadata = output(env!("CARGO"), &options);
    let manifests = metadata.split("\"manifest_path\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let folders = manifests.filter_map(|manifest| Path::new(manifest).parent());
    let is_lapin = |folder: &&Path| {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.strip_prefix("lapin-").is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
    };
    let folder = folders.into_iter().find(is_lapin).expect("lapin is a dependency");
    folder.join("src")
}

#[track_caller]
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The public methods in the inherent `impl` blocks of a type. lapin is formatted by rustfmt.
fn public_methods(file: &Path, host: &str) -> Vec<String> {
    let source = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (mut methods, mut is_inside, mut is_for_tests) = (Vec::new(), false, false);
    for line in source.lines() {
        if line.starts_with("impl") && line.ends_with('{') {
            let head = line.trim_end_matches('{').trim();
            // `impl DefaultConnectionBuilder` is a block of `ConnectionBuilder<RK>` for one `RK`.
            let name = head.rsplit(' ').next().unwrap_or_default().split('<').next().unwrap_or_default();
            is_inside = !head.contains(" for ") && (name == host || name == format!("Default{host}"));
        } else if line == "}" {
            is_inside = false;
        } else if line.trim() == "#[cfg(test)]" {
            is_for_tests = true;
        } else if is_inside {
            let name = ["    pub async fn ", "    pub fn "].iter().find_map(|start| line.strip_prefix(start));
            if let Some(name) = name {
                if !is_for_tests {
                    let end = name.find(|other: char| !other.is_alphanumeric() && other != '_').unwrap_or(name.len());
                    methods.push(name[..end].to_owned());
                }
                is_for_tests = false;
            }
        }
    }
    methods
}
