//! Messages in Protocol Buffers, without knowing their types.

/// The length-delimited fields of a message. Others are skipped; what cannot be read ends the fields.
pub(crate) struct Fields<'a> {
    left: &'a [u8],
    is_broken: bool,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Fields { left: message, is_broken: false }
    }

    /// The number and bytes of the next field. The bytes of a number are empty.
    fn field(&mut self) -> Option<(u64, u64, &'a [u8])> {
        let key = self.varint()?;
        let (number, wire_type) = (key >> 3, key & 7);
        let length = match wire_type {
            VARINT => {
                self.varint()?;
                0
            }
            BYTES => usize::try_from(self.varint()?).ok()?,
            1 => 8,
            5 => 4,
            _ => return None,
        };
        let (value, rest) = self.left.split_at_checked(length)?;
        self.left = rest;
        (number > 0).then_some((number, wire_type, value))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.left.split_first()?;
            self.left = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.left.is_empty() && !self.is_broken {
            match self.field() {
                Some((number, BYTES, value)) => return Some((number, value)),
                Some(_) => {}
                None => self.is_broken = true,
            }
        }
        None
    }
}

/// Whether the bytes cannot be a message of any type. Groups, which are deprecated, are not read.
pub(crate) fn is_broken(message: &[u8]) -> bool {
    let mut fields = Fields::new(message);
    while !fields.left.is_empty() {
        let is_group = fields.left.first().is_some_and(|key| matches!(key & 7, 3 | 4));
        if is_group {
            return false;
        }
        if fields.field().is_none() {
            return true;
        }
    }
    false
}

const VARINT: u64 = 0;
const BYTES: u64 = 2;
