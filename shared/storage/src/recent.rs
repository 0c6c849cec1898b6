//! Bodies that were read lately, parsed.
//!
//! An object's key names its content, so what is kept is never out of date.

use crate::objects::ObjectRef;
use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Most that is kept, in bytes of JSON: some ten markets. Parsed they take about as much.
const MAX_BYTES: usize = 32 << 20;

/// The bodies used last, the newest at the back.
#[derive(Default)]
pub(crate) struct Recent(Mutex<VecDeque<Kept>>);

struct Kept {
    object: ObjectRef,
    bytes: usize,
    body: Arc<dyn Any + Send + Sync>,
}

impl Recent {
    /// The body of an object, if it is here as a `T`.
    pub(crate) fn get<T: Send + Sync + 'static>(&self, object: &ObjectRef) -> Option<Arc<T>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|one| one.object == *object && one.body.is::<T>())?;
        let one = kept.remove(at)?;
        let body = Arc::clone(&one.body).downcast().ok();
        kept.push_back(one);
        body
    }

    /// Keeps a body that was made of so many bytes, in the place of those not used for longest.
    pub(crate) fn keep(&self, object: &ObjectRef, bytes: usize, body: Arc<dyn Any + Send + Sync>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(Kept { object: object.clone(), bytes, body });
        let mut sum: usize = kept.iter().map(|one| one.bytes).sum();
        while sum > MAX_BYTES {
            sum -= kept.pop_front().map_or(sum, |oldest| oldest.bytes);
        }
    }
}

impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str) -> ObjectRef {
        ObjectRef { key: name.to_owned(), sha256: name.to_owned() }
    }

    #[test]
    fn what_was_not_used_for_longest_goes_when_there_is_too_much() {
        let recent = Recent::default();
        for name in ["a", "b", "c"] {
            recent.keep(&object(name), MAX_BYTES / 3, Arc::new(name));
        }
        assert!(recent.get::<&str>(&object("a")).is_some());
        recent.keep(&object("d"), MAX_BYTES / 3, Arc::new("d"));
        let here = ["a", "b", "c", "d"].map(|name| recent.get::<&str>(&object(name)).is_some());
        assert_eq!(here, [true, false, true, true]);
        recent.keep(&object("e"), MAX_BYTES + 1, Arc::new("e"));
        assert!(recent.get::<&str>(&object("e")).is_none(), "too large to be kept");
    }

    #[test]
    fn a_body_is_given_only_as_what_it_was_read_and_under_its_own_hash() {
        let recent = Recent::default();
        recent.keep(&object("a"), 1, Arc::new(7_u8));
        assert_eq!(recent.get::<u8>(&object("a")).as_deref(), Some(&7));
        assert_eq!(recent.get::<u16>(&object("a")), None);
        assert_eq!(recent.get::<u8>(&ObjectRef { sha256: "b".to_owned(), ..object("a") }), None);
    }
}
