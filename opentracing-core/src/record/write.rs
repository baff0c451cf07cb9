//! What is written into a record: the name, tags and logs.

use crate::model::kind::SpanKind;
use crate::model::value::{Text, Value};
use crate::record::record::{Log, MAX_TEXT, NO_REPEATS, OTHER_PARTS, Record, Stamp, TAGS};
use crate::record::tag_store::{Number, Piece, Stored, Tag, append};

impl Record {
    #[inline]
    pub(crate) fn set_name(&mut self, name: Text<'_>) {
        match name {
            Text::Static(text) => self.name = Piece::Static(text),
            Text::Copied(text) => self.name = self.copy_name(text),
        }
    }

    #[cold]
    fn copy_name(&mut self, name: &str) -> Piece {
        self.copy(name)
    }

    /// Always inlined, so that a literal key and a known type of value compile to one call with its arguments in registers. An enum that is
    /// passed in memory is written in parts and read whole, which stalls the processor.
    #[inline(always)]
    pub(crate) fn set_tag(&mut self, key: Text<'_>, value: Value<'_>) {
        match key.as_str() {
            "error" => self.failed = value.is_true(),
            "span.kind" => return self.set_kind(key, value),
            _ => {}
        }
        self.add_tag(key, value);
    }

    /// Sets a tag on the draining thread, for which there is always room.
    #[cold]
    pub(crate) fn set_tag_beyond_limits(&mut self, key: Text<'_>, value: Value<'_>) {
        let limit = std::mem::replace(&mut self.max_tags, u16::MAX);
        self.set_tag(key, value);
        self.max_tags = limit;
    }

    /// Adds a tag without interpreting its key.
    #[inline(always)]
    pub(crate) fn add_tag(&mut self, key: Text<'_>, value: Value<'_>) {
        let Text::Static(key) = key else { return self.set_tag_copied(key.as_str(), value) };
        match value {
            Value::Bool(v) => self.push_number(key, Number::Bool, v.into()),
            Value::I64(v) => self.push_number(key, Number::I64, v as u64),
            Value::U64(v) => self.push_number(key, Number::U64, v),
            Value::F64(v) => self.push_number(key, Number::F64, v.to_bits()),
            Value::Static(v) => self.push_static(key, v),
            Value::Str(v) => self.push_text(key, v),
            Value::Url(_) | Value::Message(_) => self.push_beyond(key, value),
        }
    }

    #[inline(never)]
    fn push_number(&mut self, key: &'static str, number: Number, bits: u64) {
        if self.has_room_inline() {
            self.tags.push(Tag { key: Piece::Static(key), value: Stored::Number(number, bits) });
        } else {
            self.push_number_beyond(key, number, bits);
        }
    }

    #[inline(never)]
    fn push_static(&mut self, key: &'static str, value: &'static str) {
        if self.has_room_inline() {
            self.tags.push(Tag { key: Piece::Static(key), value: Stored::Text(Piece::Static(value)) });
        } else {
            self.push_beyond(key, Value::Static(value));
        }
    }

    #[inline(never)]
    fn push_text(&mut self, key: &'static str, value: &str) {
        if self.has_room_inline() {
            let value = Stored::Text(self.copy(value));
            self.tags.push(Tag { key: Piece::Static(key), value });
        } else {
            self.push_beyond(key, Value::Str(value));
        }
    }

    #[cold]
    #[inline(never)]
    fn push_number_beyond(&mut self, key: &'static str, number: Number, bits: u64) {
        self.push_beyond(key, Stored::Number(number, bits).resolve(""));
    }

    /// The slow path: the tag needs further memory, or exceeds the limit.
    #[cold]
    #[inline(never)]
    fn push_beyond(&mut self, key: &'static str, value: Value<'_>) {
        if self.has_room(key) {
            let value = self.keep(value);
            self.tags.push(Tag { key: Piece::Static(key), value });
        }
    }

    #[cold]
    fn set_tag_copied(&mut self, key: &str, value: Value<'_>) {
        if self.has_room(key) {
            let key = self.copy(key);
            let value = self.keep(value);
            self.tags.push(Tag { key, value });
        }
    }

    /// The kind is kept in the context, where samplers and a late start of recording read it. Unknown kinds stay a tag.
    #[cold]
    fn set_kind(&mut self, key: Text<'_>, value: Value<'_>) {
        match value.as_text().and_then(SpanKind::from_tag) {
            Some(kind) => self.context.meta = self.context.meta.with_kind(kind),
            None => self.set_tag_copied(key.as_str(), value),
        }
    }

    #[inline(always)]
    fn has_room_inline(&mut self) -> bool {
        self.used |= TAGS;
        self.tags.has_room_inline(self.max_tags)
    }

    fn has_room(&mut self, key: &str) -> bool {
        self.used |= TAGS;
        self.tags.len() < usize::from(self.max_tags) || self.make_room(key)
    }

    /// Makes room at the limit by removing a superseded tag: first one with this key, then any other. Below the limit, superseded tags stay,
    /// and readers use the last one of a key.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, key: &str) -> bool {
        let made =
            self.tags.remove(key, &self.text) || (self.used & NO_REPEATS == 0 && self.tags.remove_repeated(&self.text));
        if !made {
            self.used |= NO_REPEATS | OTHER_PARTS;
            self.truncated += 1;
            self.dropped.tags = self.dropped.tags.saturating_add(1);
        } else if self.text.len() > MAX_TEXT / 2 {
            self.compact_text();
        }
        made
    }

    /// Removes text that is no longer referenced, if it is more than half of the buffer.
    #[cold]
    fn compact_text(&mut self) {
        let entries = self.tags.iter_mut().chain(&mut self.fields);
        let pieces = entries.flat_map(|tag| [Some(&mut tag.key), tag.value.piece_mut()]).flatten();
        let mut pieces: Vec<&mut Piece> = pieces.chain([&mut self.name]).collect();
        if 2 * pieces.iter().map(|piece| piece.resolve(&self.text).len()).sum::<usize>() <= self.text.len() {
            let old = std::mem::take(&mut self.text);
            for piece in &mut pieces {
                if let Piece::Range { .. } = piece {
                    **piece = append(&mut self.text, piece.resolve(&old));
                }
            }
        }
    }

    #[inline]
    pub(crate) fn log<'k>(&mut self, at: Stamp, fields: &[(impl Into<Text<'k>> + Copy, Value<'_>)]) {
        if self.logs.len() >= usize::from(self.max_logs) {
            return self.drop_log();
        }
        let (fields, beyond) = fields.split_at(fields.len().min(self.max_log_fields.into()));
        self.used |= OTHER_PARTS;
        self.count_truncated(beyond.len());
        self.logs.push(Log { at, first_field: self.fields.len() as u32 });
        for &(key, value) in fields {
            let value = self.keep(value);
            let key = match key.into() {
                Text::Static(key) => Piece::Static(key),
                Text::Copied(key) => self.copy_name(key),
            };
            self.fields.push(Tag { key, value });
        }
    }

    #[cold]
    fn drop_log(&mut self) {
        self.used |= OTHER_PARTS;
        self.truncated += 1;
        self.dropped.logs = self.dropped.logs.saturating_add(1);
    }

    #[inline]
    fn keep(&mut self, value: Value<'_>) -> Stored {
        match value {
            Value::Bool(v) => Stored::Number(Number::Bool, v.into()),
            Value::I64(v) => Stored::Number(Number::I64, v as u64),
            Value::U64(v) => Stored::Number(Number::U64, v),
            Value::F64(v) => Stored::Number(Number::F64, v.to_bits()),
            Value::Static(text) => Stored::Text(Piece::Static(text)),
            Value::Str(text) => Stored::Text(self.copy(text)),
            Value::Url(pieces) => self.keep_url(pieces),
            Value::Message(text) => Stored::Message(self.copy(text)),
        }
    }

    fn keep_url(&mut self, pieces: &[&str]) -> Stored {
        self.used |= OTHER_PARTS;
        let at = self.text.len();
        for piece in pieces {
            let room = (self.max_value as usize).saturating_sub(self.text.len() - at);
            let kept = self.within(room, piece);
            self.text.push_str(kept);
            if kept.len() < piece.len() {
                self.truncated += 1;
                break;
            }
        }
        Stored::Url(Piece::Range { at: at as u32, len: (self.text.len() - at) as u32 })
    }

    #[inline]
    fn copy(&mut self, text: &str) -> Piece {
        self.used |= OTHER_PARTS;
        if text.len() > self.max_value as usize || self.text.len() > MAX_TEXT {
            self.truncated += 1;
            let text = self.within(self.max_value as usize, text);
            return append(&mut self.text, text);
        }
        append(&mut self.text, text)
    }

    /// The part of the text that fits, up to a character boundary.
    fn within<'s>(&self, room: usize, text: &'s str) -> &'s str {
        let room = if self.text.len() > MAX_TEXT { 0 } else { room };
        let mut end = room.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        &text[..end]
    }
}
