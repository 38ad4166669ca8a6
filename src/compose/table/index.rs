//! Finding a field by its key.

use crate::yaml::Key;

use super::field::Field;

/// Where each key of an object stands: the tree is walked a dozen times, and every key is looked up on
/// each walk. Slots are filled from a key's mark on.
#[derive(Debug)]
pub(super) struct Index([u8; 256]);

const FREE: u8 = u8::MAX;

impl Index {
    pub fn of(fields: &[Field]) -> Self {
        let mut slots = [FREE; 256];
        for (at, field) in (0..FREE).zip(fields) {
            let free = probe(field.sought.mark()).find(|slot| slots.get(usize::from(*slot)) == Some(&FREE));
            if let Some(slot) = free.and_then(|free| slots.get_mut(usize::from(free))) {
                *slot = at;
            }
        }
        Self(slots)
    }

    pub fn find(&self, key: Key<'_>, fields: &[Field]) -> Option<usize> {
        for slot in probe(key.mark()) {
            let at = usize::from(*self.0.get(usize::from(slot))?);
            // No object has so many fields that a free slot would be one.
            let field = fields.get(at)?;
            if field.sought == key {
                return Some(at);
            }
        }
        None
    }
}

/// The slots in which a key may be, the likeliest first.
fn probe(mark: u64) -> impl Iterator<Item = u8> {
    let [.., first] = mark.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
    (0..=u8::MAX).map(move |step| first.wrapping_add(step))
}
