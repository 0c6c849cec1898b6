//! Requests and answers as they go over the wire: query and XML, JSON, signatures' scopes, pages.

use bytes::Bytes;
use std::collections::BTreeMap;
use std::fmt::Write;

/// An HTTP request to AWS.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// Without the query, percent-encoded as it came.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// As it came.
    pub body: Bytes,
}

/// An HTTP answer of AWS.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// `text/xml` or a kind of JSON.
    pub content_type: &'static str,
    /// The error's code, sent as `x-amzn-errortype` too.
    pub error: Option<String>,
    /// XML or JSON.
    pub body: String,
}

impl Request {
    /// From the credential scope of the signature:
    /// `Credential=<key>/<date>/<region>/<service>/aws4_request`.
    pub fn service_and_region(&self) -> Option<(String, String)> {
        let mut scope = self.credential()?.split('/').skip(2);
        let region = scope.next()?.to_owned();
        Some((scope.next()?.to_owned(), region))
    }

    /// The access key of the signature.
    pub fn access_key(&self) -> Option<String> {
        self.credential()?.split('/').next().map(str::to_owned)
    }

    fn credential(&self) -> Option<&str> {
        let header = self.headers.get("authorization")?;
        header.split_once("Credential=")?.1.split(',').next()
    }

    /// The API operation: `Action` of a query, the end of `X-Amz-Target`, or what EKS's method and path mean.
    pub fn operation(&self) -> Option<String> {
        if let Some(target) = self.headers.get("x-amz-target") {
            return target.rsplit('.').next().map(str::to_owned);
        }
        if self.path == "/" {
            return self.form().remove("Action");
        }
        super::eks::operation(self).map(str::to_owned)
    }

    /// Whether it can change anything. What it cannot be told of counts as a change.
    pub fn is_mutation(&self) -> bool {
        let reads = ["Describe", "List", "Get", "AssumeRole"];
        self.operation()
            .is_none_or(|operation| !reads.iter().any(|read| operation.starts_with(read)))
    }

    /// The path's segments, decoded.
    pub(super) fn segments(&self) -> Vec<String> {
        self.path.split('/').skip(1).map(percent_decoded).collect()
    }

    /// The query's parameters, decoded.
    pub(super) fn query_parameters(&self) -> BTreeMap<String, String> {
        pairs(&self.query)
    }

    /// The body of the query protocols: `Action=…&Filter.1.Name=…`.
    pub(super) fn form(&self) -> BTreeMap<String, String> {
        pairs(&String::from_utf8_lossy(&self.body))
    }

    /// The body of the JSON protocols; null when it is none.
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// `prefix.1`, `prefix.2` … of a form, in order.
pub(super) fn list(form: &BTreeMap<String, String>, prefix: &str) -> Vec<String> {
    (1..).map_while(|at| form.get(&format!("{prefix}.{at}")).cloned()).collect()
}

/// Name and values of `Filter.1`, `Filter.2` … of a form.
pub(super) fn filters(form: &BTreeMap<String, String>) -> Vec<(String, Vec<String>)> {
    (1..)
        .map_while(|at| {
            let name = form.get(&format!("Filter.{at}.Name"))?.clone();
            Some((name, list(form, &format!("Filter.{at}.Value"))))
        })
        .collect()
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decoded(name), percent_decoded(value))
    };
    text.split('&').filter(|text| !text.is_empty()).map(pair).collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                u8::from_str_radix(&digits, 16).unwrap_or(b'?')
            }
            plain => plain,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One page of a list, and the token of the next.
pub(super) fn page<T>(
    items: Vec<T>,
    token: Option<&str>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let start = match token {
        None | Some("") => 0,
        Some(token) => {
            token.strip_prefix("page-").and_then(|start| start.parse::<usize>().ok()).ok_or_else(
                || AwsError::new(400, "InvalidNextToken", "the token is not one of ours"),
            )?
        }
    };
    let end = start.saturating_add(size.max(1));
    let next = (end < items.len()).then(|| format!("page-{end}"));
    Ok((items.into_iter().skip(start).take(size.max(1)).collect(), next))
}

/// What AWS refuses with.
#[derive(Debug, Clone)]
pub(super) struct AwsError {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
}

impl AwsError {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    /// Denial, in the service's words.
    pub(super) fn denied(service: &str, message: impl Into<String>) -> Self {
        match service {
            "ec2" => Self::new(403, "UnauthorizedOperation", message),
            "autoscaling" | "sts" => Self::new(403, "AccessDenied", message),
            _ => Self::new(403, "AccessDeniedException", message),
        }
    }

    /// Throttling, in the service's words.
    pub(super) fn throttled(service: &str) -> Self {
        let message = "Rate exceeded";
        match service {
            "ec2" => Self::new(503, "RequestLimitExceeded", message),
            "autoscaling" | "sts" => Self::new(400, "Throttling", message),
            "eks" => Self::new(429, "TooManyRequestsException", message),
            _ => Self::new(400, "ThrottlingException", message),
        }
    }
}

/// A throttled answer of the service that was asked.
pub(crate) fn throttled(request: &Request) -> Response {
    let service = request.service_and_region().map(|(service, _)| service).unwrap_or_default();
    render_error(&service, &AwsError::throttled(&service))
}

/// An internal error of the service that was asked.
pub(crate) fn failed(request: &Request) -> Response {
    let service = request.service_and_region().map(|(service, _)| service).unwrap_or_default();
    let code = match service.as_str() {
        "ec2" => "InternalError",
        "eks" => "ServerException",
        _ => "InternalFailure",
    };
    render_error(&service, &AwsError::new(500, code, "An internal error has occurred"))
}

/// An error in the service's protocol.
pub(super) fn render_error(service: &str, error: &AwsError) -> Response {
    let AwsError { status, code, message } = error;
    let mut xml = Xml::default();
    let (content_type, body) = match service {
        "ec2" => {
            xml.nest("Response", |xml| {
                xml.nest("Errors", |xml| {
                    xml.nest("Error", |xml| {
                        xml.leaf("Code", code).leaf("Message", message);
                    });
                });
                xml.leaf("RequestID", REQUEST_ID);
            });
            ("text/xml", xml.0)
        }
        "autoscaling" | "sts" => {
            xml.nest("ErrorResponse", |xml| {
                xml.nest("Error", |xml| {
                    xml.leaf("Type", "Sender").leaf("Code", code).leaf("Message", message);
                });
                xml.leaf("RequestId", REQUEST_ID);
            });
            ("text/xml", xml.0)
        }
        _ => (JSON, serde_json::json!({"__type": code, "message": message}).to_string()),
    };
    Response { status: *status, content_type, error: Some(code.clone()), body }
}

/// An EC2 answer.
pub(super) fn ec2_xml(operation: &str, content: impl FnOnce(&mut Xml)) -> Response {
    let mut xml = Xml::default();
    xml.nest(&format!("{operation}Response"), |xml| {
        xml.leaf("requestId", REQUEST_ID);
        content(xml);
    });
    ok("text/xml", xml.0)
}

/// An answer of Auto Scaling or STS.
pub(super) fn query_xml(operation: &str, content: impl FnOnce(&mut Xml)) -> Response {
    let mut xml = Xml::default();
    xml.nest(&format!("{operation}Response"), |xml| {
        xml.nest(&format!("{operation}Result"), content);
        xml.nest("ResponseMetadata", |xml| {
            xml.leaf("RequestId", REQUEST_ID);
        });
    });
    ok("text/xml", xml.0)
}

/// A JSON answer.
pub(super) fn json(value: &serde_json::Value) -> Response {
    ok(JSON, value.to_string())
}

fn ok(content_type: &'static str, body: String) -> Response {
    Response { status: 200, content_type, error: None, body }
}

const JSON: &str = "application/json";

/// Real ones differ; nothing of ours reads them.
const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

/// XML being written.
#[derive(Default)]
pub(super) struct Xml(String);

impl Xml {
    /// An element with elements in it.
    pub(super) fn nest(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        let _ = write!(self.0, "<{name}>");
        content(self);
        let _ = write!(self.0, "</{name}>");
    }

    /// An element with text in it.
    pub(super) fn leaf(&mut self, name: &str, text: impl std::fmt::Display) -> &mut Self {
        let text = text.to_string();
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = write!(self.0, "<{name}>{escaped}</{name}>");
        self
    }
}
