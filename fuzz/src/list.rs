//! The target that reads the members of `tracestate`.

use opentracing_core::propagation::TraceState;

const MAX_MEMBERS: usize = 32;

/// Parses a list and changes it. The first line is a key, the second a value, the rest the list.
pub fn tracestate(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(3, '\n');
    let (key, value) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let Ok(mut list) = lines.next().unwrap_or_default().parse::<TraceState>() else { return };
    is_in_order(&list);
    let before = list.clone();
    if list.insert(key, value).is_err() {
        assert_eq!(list, before);
        return;
    }
    is_in_order(&list);
    assert_eq!(list.iter().next(), Some((key, value)));
    assert_eq!(list.get(key), Some(value));
    let left: Vec<_> = list.iter().skip(1).collect();
    let mut others = before.iter().filter(|(other, _)| *other != key);
    assert!(left.iter().all(|member| others.any(|other| other == *member)), "{before} became {list}");
    assert_eq!(left.len(), before.iter().filter(|(other, _)| *other != key).count().min(MAX_MEMBERS - 1));
    assert!(list.remove(key) && list.get(key).is_none() && !list.remove(key));
    is_in_order(&list);
}

fn is_in_order(list: &TraceState) {
    let keys: Vec<_> = list.iter().map(|(key, _)| key).collect();
    assert!(keys.len() <= MAX_MEMBERS && list.is_empty() == keys.is_empty());
    assert!(keys.iter().enumerate().all(|(at, key)| !keys[..at].contains(key)), "{list}");
    assert_eq!(list.as_str().parse().as_ref(), Ok(list));
}
