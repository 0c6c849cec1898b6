//! Pages and their cursors.

use crate::error::Error;
use crate::key::Range;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Most items of a page.
pub const MAX_PAGE: u32 = 200;

/// Which page of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    limit: u32,
    cursor: Option<String>,
}

impl PageRequest {
    /// `limit` is brought between 1 and [`MAX_PAGE`]; `cursor` is [`Page::next`] of the page before.
    pub fn new(limit: u32, cursor: Option<String>) -> Self {
        Self { limit: limit.clamp(1, MAX_PAGE), cursor }
    }

    pub(crate) const fn limit(&self) -> usize {
        self.limit as usize
    }

    pub(crate) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }
}

impl Default for PageRequest {
    /// The first 50.
    fn default() -> Self {
        Self::new(50, None)
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Cursor of the page after; absent where nothing follows.
    pub next: Option<String>,
}

/// Makes cursors that only we can make: an HMAC over the last sort key, bound to the list, whose
/// partition holds the tenant.
#[derive(Clone)]
pub(crate) struct CursorSealer(Hmac<Sha256>);

/// Bytes of the HMAC that are kept.
const TAG: usize = 16;

impl CursorSealer {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // The array form of a key can not have a wrong length.
        let mut block = [0; 64];
        block[..32].copy_from_slice(key);
        Self(Hmac::new(&block.into()))
    }

    pub(crate) fn seal(&self, range: &Range, last: &str) -> String {
        let mut sealed = self.tag(range, last).to_vec();
        sealed.extend_from_slice(last.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The sort key to go on after.
    pub(crate) fn open(&self, range: &Range, cursor: &str) -> Result<String, Error> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::BadCursor)?;
        let (tag, last) = sealed.split_at_checked(TAG).ok_or(Error::BadCursor)?;
        let last = std::str::from_utf8(last).map_err(|_| Error::BadCursor)?;
        self.mac(range, last).verify_truncated_left(tag).map_err(|_| Error::BadCursor)?;
        Ok(last.to_owned())
    }

    fn tag(&self, range: &Range, last: &str) -> [u8; TAG] {
        let full = self.mac(range, last).finalize().into_bytes();
        let mut tag = [0; TAG];
        tag.copy_from_slice(&full[..TAG]);
        tag
    }

    fn mac(&self, range: &Range, last: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in [range.pk.as_str(), range.from.as_str(), range.to.as_str(), last] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }
}
