//! Large bodies, gzip'd or plain.

use api::{Error, expect_json, read_body};
use axum::body::Body;
use flate2::read::GzDecoder;
use http::{HeaderMap, header};
use std::io::Read;

/// Most bytes that are taken off the wire.
const MAX_PACKED: usize = 20 << 20;

/// Most bytes they may become: JSON of Kubernetes objects shrinks some tenfold.
const MAX_UNPACKED: usize = 256 << 20;

/// The body as it was before `Content-Encoding`.
pub(crate) async fn unpack(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Error> {
    expect_json(headers)?;
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?"));
    let packed = read_body(body, MAX_PACKED).await?;
    match encoding {
        None | Some("identity") => Ok(packed.into()),
        Some("gzip") => gunzip(&packed, MAX_UNPACKED),
        Some(_) => {
            let detail = "send the body as it is, or with Content-Encoding: gzip";
            Err(Error::UnsupportedMediaType(detail.to_owned()))
        }
    }
}

/// Stops as soon as more than `limit` bytes come out, whatever the input claims.
fn gunzip(packed: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    let unpacked = GzDecoder::new(packed).take(limit as u64 + 1).read_to_end(&mut body);
    unpacked.map_err(|_| Error::BadRequest("the body is not gzip, or is cut off".to_owned()))?;
    if body.len() > limit { Err(Error::TooLarge(limit)) } else { Ok(body) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let bomb = gzip(&vec![0; 1 << 20]);
        assert!(bomb.len() < 2_000);
        assert!(matches!(gunzip(&bomb, 1 << 16), Err(Error::TooLarge(_))));
        assert_eq!(gunzip(&bomb, 1 << 20).unwrap().len(), 1 << 20);
    }

    #[test]
    fn what_is_cut_off_is_a_bad_request() {
        let whole = gzip(b"a body that is long enough to be cut");
        for wrong in [&whole[..whole.len() / 2], b"plain", b""] {
            assert!(matches!(gunzip(wrong, 100), Err(Error::BadRequest(_))));
        }
    }
}
