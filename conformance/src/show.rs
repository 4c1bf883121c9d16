//! How exchanges are shown: without secrets, without the rule's sandbox, and cut to a length that a reader can take.

use crate::client::{BaseUrl, headers};
use crate::exchange::{self, Credentials, Party, Request, Role, Transcript};
use crate::result::{AnswerShown, Exchange, RequestShown};
use crate::secret::Redactor;

/// How many characters of a body are shown.
const BODY_LIMIT: usize = 4_000;

/// Shows what one rule exchanged.
#[derive(Clone, Debug)]
pub struct Show {
    /// What hides secrets.
    pub redactor: Redactor,
    /// Where the vendor is, for people: without the sandbox.
    pub vendor: BaseUrl,
    /// What is left out of every text: `/s/{id}` of the rule's sandbox.
    pub sandbox: Option<String>,
}

impl Show {
    /// A text without secrets and sandbox.
    pub fn text(&self, text: &str) -> String {
        let text = self.redactor.text(text);
        match &self.sandbox {
            Some(sandbox) => text.replace(sandbox.as_str(), ""),
            None => text,
        }
    }

    fn body(&self, bytes: &[u8]) -> String {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => self.text(text),
            Err(_) => self.text(&bytes.escape_ascii().to_string()),
        };
        match text.char_indices().nth(BODY_LIMIT) {
            Some((end, _)) => format!("{}… ({} bytes in all)", &text[..end], bytes.len()),
            None => text,
        }
    }

    /// The exchanges of a case; the one of number `breach` shows what is wrong.
    pub fn exchanges(&self, transcript: &Transcript, breach: usize) -> Vec<Exchange> {
        transcript
            .0
            .iter()
            .enumerate()
            .map(|(number, exchange)| self.exchange(exchange, number == breach))
            .collect()
    }

    fn exchange(&self, exchange: &exchange::Exchange, breach: bool) -> Exchange {
        // What is set up in a sandbox is in the request; its answer repeats the whole state, credentials included.
        let settles = exchange.party == Party::Admin && exchange.role == Role::Setup;
        let (answer, error) = match &exchange.answer {
            Ok(answer) => {
                let headers = answer
                    .headers
                    .iter()
                    .map(|(name, value)| (self.text(name), self.text(value)));
                let shown = AnswerShown {
                    status: answer.status,
                    headers: headers.collect(),
                    body: if settles {
                        String::new()
                    } else {
                        self.body(&answer.body)
                    },
                };
                (Some(shown), None)
            }
            Err(why) => (None, Some(self.text(why))),
        };
        Exchange {
            label: exchange.label.to_string(),
            role: match exchange.party {
                Party::Admin => "admin".to_owned(),
                Party::Vendor => exchange.role.as_str().to_owned(),
            },
            breach,
            request: self.request(&exchange.request, exchange.party),
            answer,
            error,
        }
    }

    fn request(&self, request: &Request, party: Party) -> RequestShown {
        let url = match party {
            Party::Vendor => format!("{}{}", self.vendor, request.target),
            Party::Admin => format!("/__admin/sandboxes/…{}", request.target),
        };
        let shown = match &request.credentials {
            Some(Credentials::Basic { user, password }) => Some((
                "Authorization".to_owned(),
                format!("Basic base64({user}:{})", password.shown()),
            )),
            Some(Credentials::Key { header, key }) => Some(((*header).to_owned(), key.shown())),
            None => None,
        };
        let bare = request.clone().by_nobody();
        let mut headers = headers(&self.vendor, &bare);
        headers.retain(|(name, _)| request.hosts.is_some() || name != "Host");
        headers.retain(|(name, _)| name != "User-Agent");
        let headers = shown.into_iter().chain(headers);
        RequestShown {
            method: self.text(&request.method),
            url: self.text(&url),
            headers: headers
                .map(|(name, value)| (self.text(&name), self.text(&value)))
                .collect(),
            body: match (&request.chunks, &request.body) {
                (Some(bytes), _) | (None, Some(bytes)) => self.body(bytes),
                (None, None) => String::new(),
            },
        }
    }

    /// A curl line that repeats a request, with `$NAME` where a secret belongs.
    pub fn curl(&self, request: &Request) -> String {
        let mut line = vec!["curl -i".to_owned()];
        if request.method == "HEAD" {
            line.push("--head".to_owned());
        } else {
            line.push(format!("-X {}", quoted(&request.method)));
        }
        if request.http_10 {
            line.push("--http1.0".to_owned());
        }
        let hosts = request.hosts.as_deref().unwrap_or_default();
        match &request.credentials {
            Some(Credentials::Basic { user, password }) => {
                line.push(format!(
                    "-u {}\"{}\"",
                    quoted(&format!("{user}:")),
                    password.shown()
                ));
            }
            Some(Credentials::Key { header, key }) => {
                line.push(format!("-H '{header}: '\"{}\"", key.shown()));
            }
            None => {}
        }
        if request.hosts.as_ref().is_some_and(Vec::is_empty) {
            line.push("-H 'Host:'".to_owned());
        }
        line.extend(
            hosts
                .iter()
                .map(|host| format!("-H {}", quoted(&format!("Host: {host}")))),
        );
        for (name, value) in &request.headers {
            let header = if value.is_empty() {
                format!("{name};")
            } else {
                format!("{name}: {value}")
            };
            line.push(format!("-H {}", quoted(&header)));
        }
        if let Some(body) = request.chunks.as_ref().or(request.body.as_ref()) {
            match std::str::from_utf8(body) {
                Ok(text) if !text.contains('\0') => {
                    line.push(format!("--data-raw {}", quoted(text)));
                }
                _ => {
                    let octal: String = body.iter().map(|byte| format!("\\{byte:03o}")).collect();
                    line.insert(0, format!("printf '{octal}' |"));
                    line.push("--data-binary @-".to_owned());
                }
            }
            let has_type = request
                .headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            if !has_type {
                line.push("-H 'Content-Type:'".to_owned());
            }
        }
        line.push("--path-as-is --globoff".to_owned());
        line.push(quoted(&format!("{}{}", self.vendor, request.target)));
        self.text(&line.join(" "))
    }
}

/// A word of a shell line.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn show() -> Show {
        Show {
            redactor: Redactor::default(),
            vendor: BaseUrl::parse("http://localhost:1/chase").unwrap(),
            sandbox: Some("/s/one".to_owned()),
        }
    }

    #[test]
    fn a_curl_line_repeats_a_request_without_its_secret() {
        let request = Request::post("/a?b=c")
            .by(Credentials::Key {
                header: "X-API-Key",
                key: Secret::new("CHASE_API_KEY", "hidden-value"),
            })
            .header("Content-Type", "application/json")
            .body("{\"it\":\"isn't\"}");
        assert_eq!(
            show().curl(&request),
            r#"curl -i -X POST -H 'X-API-Key: '"$CHASE_API_KEY" -H 'Content-Type: application/json' --data-raw '{"it":"isn'\''t"}' --path-as-is --globoff 'http://localhost:1/chase/a?b=c'"#
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_piped() {
        let request = Request::post("/").body([0xff, 0]);
        assert!(
            show()
                .curl(&request)
                .starts_with(r"printf '\377\000' | curl")
        );
    }
}
