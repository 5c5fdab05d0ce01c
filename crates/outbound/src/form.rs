//! `form`: fields as `multipart/form-data` (RFC 7578).

use http::HeaderValue;

use crate::error::CallError;

/// Random bytes of a boundary: enough that no field contains it.
const BOUNDARY_BYTES: usize = 24;

/// The content type, which names the boundary, and the body.
pub(crate) fn encode(fields: &[(String, String)]) -> Result<(HeaderValue, Vec<u8>), CallError> {
    let boundary = random_hex::<BOUNDARY_BYTES>()?;
    let content_type = HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}"))
        .map_err(|error| CallError::Argument(error.to_string()))?;
    let mut body = String::new();
    for (name, value) in fields {
        body.extend(["--", &boundary, "\r\nContent-Disposition: form-data; name=\""]);
        body.push_str(&escape(name));
        body.extend(["\"\r\n\r\n", value, "\r\n"]);
    }
    body.extend(["--", &boundary, "--\r\n"]);
    Ok((content_type, body.into_bytes()))
}

/// As browsers do it: what would end the name or the line is percent-encoded.
fn escape(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// So many random bytes, in hexadecimal.
pub(crate) fn random_hex<const BYTES: usize>() -> Result<String, CallError> {
    let mut bytes = [0; BYTES];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| CallError::Argument("no random numbers to be had".into()))?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_parts_in_order() {
        let fields = [("a", "1"), ("a", "two\r\nlines"), ("x\"\r\ny", "é")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (content_type, body) = encode(&fields).unwrap();
        let boundary = content_type.to_str().unwrap().rsplit_once('=').unwrap().1;
        let part = "\r\nContent-Disposition: form-data; name=";
        assert_eq!(
            String::from_utf8(body).unwrap(),
            format!(
                "--{boundary}{part}\"a\"\r\n\r\n1\r\n\
                 --{boundary}{part}\"a\"\r\n\r\ntwo\r\nlines\r\n\
                 --{boundary}{part}\"x%22%0D%0Ay\"\r\n\r\né\r\n\
                 --{boundary}--\r\n"
            )
        );
    }

    #[test]
    fn no_fields_are_an_empty_form() {
        let (_, body) = encode(&[]).unwrap();
        assert!(body.starts_with(b"--") && body.ends_with(b"--\r\n"));
    }
}
