//! curl's share: the vendors' own command lines, and what only curl sends.

use std::fmt::Debug;
use std::fs;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use super::every;

/// The vendor's page "Conversions", Get List of Conversion Actions.
const COMM100_LIST: &str = r#"curl "https://hosted.comm100.com/api/v1/livechat/conversions" \
    -X GET -u tester@comm100.com:ef43f9362aac4f60ad428cb4d072f2c8"#;

/// The same page, Mark API Conversion as Successful.
const COMM100_MARK: &str = r#"curl "https://hosted.comm100.com/api/v1/livechat/mark_api_conversion_successful" \
    -X POST -d "conversion_name=sales_goal&visitorId=7273e957-02cb-4c03-a84c-44283fcfd47d&value=500" \
    -u tester@comm100.com:ef43f9362aac4f60ad428cb4d072f2c8"#;

/// The vendor's page "Log Conversion", with the line continuations that it lacks.
const CHASE_LOG: &str = r#"curl -X POST "https://services.meetchase.ai/api/v2/conversions" \
-H "X-API-Key: <YOUR_API_KEY>" \
-d '{
"email": "user@example.com",
"conversion_type": "purchase",
"conversion_data": {
"item": "premium_subscription",
"price": 99.99
}
}'"#;

const TESTER: [&str; 2] = ["-u", "tester@comm100.com:ef43f9362aac4f60ad428cb4d072f2c8"];
const PARTNER: [&str; 2] = ["-u", "IRtestAcct1924609madeUpSid0000000A:made-up-token"];
const CHASE_KEY: [&str; 4] = [
    "-H",
    "X-API-Key: mock-chase-key",
    "-H",
    "Content-Type: application/json",
];
const CHASE_BODY: [&str; 2] = ["-d", r#"{"email":"user@example.com"}"#];

const LIST: &str = "/api/v1/livechat/conversions";
const MARK: &str = "/api/v1/livechat/mark_api_conversion_successful";
const LOG: &str = "/api/v2/conversions";
const ACTIONS: &str = "/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions";
const SUBMIT: &str = "/Mediapartners/IRtestAcct1924609madeUpSid0000000A/PartnerConversions";

/// Checks the server at `http`, which has the built-in seed.
pub(super) fn check(shell: &Shell, http: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    // Read instead of the user's own, so that the vendors' lines can stay as they are printed.
    fs::write(
        folder.path().join(".curlrc"),
        "silent\nshow-error\ninclude\nmax-time = 10\nnoproxy = \"*\"\n",
    )?;
    let curl = Curl {
        shell,
        http,
        folder,
    };
    every([
        curl.documented_lines(),
        curl.heads_and_methods(),
        curl.expectations(),
        curl.large_bodies(),
        curl.header_names(),
        curl.other_protocols(),
        curl.redirects_and_paths(),
    ])
    .context("curl")
}

/// Runs curl against a server.
struct Curl<'a> {
    shell: &'a Shell,
    http: &'a str,
    folder: TempDir,
}

impl Curl<'_> {
    /// Runs a printed line, with our scheme, host, port and key in it.
    fn line(&self, line: &str) -> anyhow::Result<Answer> {
        let line = line
            .replace("https://hosted.comm100.com", self.http)
            .replace("https://services.meetchase.ai", self.http)
            .replace("<YOUR_API_KEY>", "mock-chase-key");
        self.run("sh", &["-c", &line])
    }

    /// Calls a path.
    fn call(&self, path: &str, arguments: &[&[&str]]) -> anyhow::Result<Answer> {
        let url = format!("{}{path}", self.http);
        self.run("curl", &[&arguments.concat()[..], &[&url]].concat())
    }

    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<Answer> {
        let command =
            cmd!(self.shell, "{program} {arguments...}").env("CURL_HOME", self.folder.path());
        Answer::parse(command.quiet().output()?.stdout)
            .with_context(|| format!("{program} {}", arguments.join(" ")))
    }

    /// The lines of the vendors' pages do what the pages say; Chase's lacks a content type.
    fn documented_lines(&self) -> anyhow::Result<()> {
        self.line(COMM100_LIST)?.json(
            200,
            &json!([{"id": 1, "isEnable": true, "name": "Product Purchase"}, {"id": 2, "isEnable": true, "name": ""}]),
        )?;
        self.line(COMM100_MARK)?.json(
            200,
            &json!({"error_code": 1, "error_message": "the conversion does not exist"}),
        )?;
        let body = CHASE_LOG
            .split('\'')
            .nth(1)
            .context("the body stands in quotes")?;
        let printed = self.line(CHASE_LOG)?;
        printed.is(
            422,
            &json!({"detail": [{
                "type": "model_attributes_type",
                "loc": ["body"],
                "msg": "Input should be a valid dictionary or object to extract fields from",
                "input": body,
            }]})
            .to_string(),
        )?;
        let typed = self.line(&format!("{CHASE_LOG} -H 'Content-Type: application/json'"))?;
        typed.is(202, "")?;
        same(
            "the length of a 202",
            typed.header("content-length"),
            Some("0"),
        )?;
        same("the type of a 202", typed.header("content-type"), None)?;

        // With the key left as it is printed, too.
        self.call(LOG, &[&["-H", "X-API-Key: <YOUR_API_KEY>"], &CHASE_BODY])?
            .is(401, r#"{"detail":"Unauthorized"}"#)?;

        let order = "CampaignId=10306&ActionTrackerId=19845&MediaPartnerId=1924609&EventDate=NOW&OrderId=CURL-1";
        let lines = "ItemSku1=TOYSET&ItemPrice1=40&ItemQuantity1=2&ItemSku2=DOLL&ItemPrice2=6.99&ItemQuantity2=1";
        let queued = self.call(SUBMIT, &[&PARTNER, &["-d", order, "-d", lines]])?;
        let queued: Value = serde_json::from_str(&queued.has(200)?.body)?;
        same(
            "the state of a submission",
            queued["Status"].as_str(),
            Some("QUEUED"),
        )?;
        // curl accepts anything, and anything is XML.
        let record = self.call(
            queued["QueuedUri"]
                .as_str()
                .context("it is queued somewhere")?,
            &[&PARTNER],
        )?;
        let wanted = format!(
            "<Payload>{}</Payload>",
            format!("{order}&{lines}").replace('&', "&amp;")
        );
        ensure!(record.has(200)?.body.contains(&wanted), "{record:?}");
        Ok(())
    }

    /// HEAD and DELETE are wrong methods everywhere, and the answer names the right one.
    fn heads_and_methods(&self) -> anyhow::Result<()> {
        let refused = |path, credentials: &[&str], allowed, body: &str| {
            let head = self.call(path, &[&["--head"], credentials])?;
            head.is(405, "")?;
            same("the Allow of HEAD", head.header("allow"), Some(allowed))?;
            let delete = self.call(path, &[&["-X", "DELETE"], credentials])?;
            delete.is(405, body)?;
            same(
                "the length of HEAD",
                head.header("content-length"),
                delete.header("content-length"),
            )?;
            same("the Allow of DELETE", delete.header("allow"), Some(allowed))
        };
        refused(
            LIST,
            &TESTER,
            "GET",
            r#"{"code":405000,"message":"Method not allowed."}"#,
        )?;
        refused(
            MARK,
            &TESTER,
            "POST",
            r#"{"code":405000,"message":"Method not allowed."}"#,
        )?;
        refused(LOG, &[], "POST", r#"{"detail":"Method Not Allowed"}"#)?;
        let json = ["-H", "Accept: application/json"];
        refused(
            ACTIONS,
            &[&PARTNER[..], &json[..]].concat(),
            "GET",
            r#"{"Status":"ERROR","Message":"Method Not Allowed"}"#,
        )
    }

    /// Who asks first is told to go on before a body is read, and not if it is not read.
    fn expectations(&self) -> anyhow::Result<()> {
        let ask = ["-H", "Expect: 100-continue"];
        let told = |path: &str, arguments: &[&[&str]], status, told: bool| {
            let answer = self.call(path, &[&[&ask[..]], arguments].concat())?;
            answer.has(status)?;
            let interim: &[u16] = if told { &[100] } else { &[] };
            same(
                &format!("the interim answers of {path}, {status}"),
                &answer.interim[..],
                interim,
            )
        };
        told(LOG, &[&CHASE_KEY, &CHASE_BODY], 202, true)?;
        told(LOG, &[&CHASE_BODY], 401, true)?;
        told("/api/v2/nothing", &[&CHASE_KEY, &CHASE_BODY], 404, false)?;
        told(LOG, &[&CHASE_KEY, &CHASE_BODY, &["-X", "PUT"]], 405, false)?;
        told(
            "/api/v2/conversions/",
            &[&CHASE_KEY, &CHASE_BODY],
            307,
            false,
        )?;
        let form = ["-d", "conversion_name=sales_goal&visitorId=v&value=1"];
        told(MARK, &[&TESTER, &form], 200, true)?;
        told(MARK, &[&form], 401, false)?;
        told(
            SUBMIT,
            &[
                &["-u", "IRtestAcct1924609madeUpSid0000000A:wrong"],
                &["-d", "OrderId=1"],
            ],
            401,
            false,
        )
    }

    /// An upload that is too large is answered, and the answer arrives.
    fn large_bodies(&self) -> anyhow::Result<()> {
        let large = self.folder.path().join("large");
        fs::write(&large, vec![b'1'; 2 * 1024 * 1024])?;
        let large = format!("@{}", large.display());
        let too_large = r#"{"code":413000,"message":"Request body too large."}"#;
        // curl asks first with a body of this size, unless it is told not to.
        for ask in [
            &["--data-binary", &large][..],
            &["--data-binary", &large, "-H", "Expect:"],
        ] {
            self.call(MARK, &[&TESTER, ask])?.is(413, too_large)?;
            self.call(MARK, &[&TESTER, ask, &["-H", "Transfer-Encoding: chunked"]])?
                .is(413, too_large)?;
            self.call(MARK, &[ask])?.has(401)?;
            self.call(SUBMIT, &[&PARTNER, ask])?
                .is(413, r#"{"Status":"ERROR","Message":"Payload Too Large"}"#)?;
            // Chase takes 16 MiB: 2 MiB of digits are one integer, of more than 4300 of them.
            self.call(LOG, &[&CHASE_KEY, ask])?
                .is(400, r#"{"detail":"There was an error parsing the body"}"#)?;
        }
        Ok(())
    }

    /// Names of headers are spelled as each vendor spells them.
    fn header_names(&self) -> anyhow::Result<()> {
        let names = |path, arguments: &[&[&str]]| -> anyhow::Result<Vec<String>> {
            let headers = self.call(path, arguments)?.headers;
            Ok(headers.into_iter().map(|(name, _)| name).collect())
        };
        let all = |found: Vec<String>, wanted: &[&str]| {
            let missing: Vec<&&str> = wanted
                .iter()
                .filter(|name| !found.iter().any(|found| found == **name))
                .collect();
            ensure!(missing.is_empty(), "no {missing:?} among {found:?}");
            Ok(())
        };
        all(
            names(LIST, &[&TESTER])?,
            &["Date", "Content-Type", "Content-Length"],
        )?;
        all(
            names(LIST, &[])?,
            &["Date", "WWW-Authenticate", "Content-Type", "Content-Length"],
        )?;
        all(
            names(MARK, &[&TESTER])?,
            &["Date", "Allow", "Content-Type", "Content-Length"],
        )?;
        let limits = [
            "X-RateLimit-Limit-hour",
            "X-RateLimit-Remaining-hour",
            "RateLimit-Reset",
        ];
        all(
            names(ACTIONS, &[&PARTNER])?,
            &[&limits[..], &["Date", "Content-Type", "Content-Length"]].concat(),
        )?;
        all(
            names(ACTIONS, &[])?,
            &["Date", "WWW-Authenticate", "Content-Type", "Content-Length"],
        )?;

        // Chase's come in a fixed order.
        let chase = |arguments: &[&[&str]], wanted: &[&str]| {
            same(
                "the headers of Chase",
                names(LOG, arguments)?,
                owned(wanted),
            )
        };
        chase(
            &[&CHASE_KEY, &CHASE_BODY],
            &["date", "server", "content-length"],
        )?;
        chase(
            &[],
            &["date", "server", "allow", "content-length", "content-type"],
        )?;
        chase(
            &[&CHASE_BODY],
            &[
                "date",
                "server",
                "www-authenticate",
                "content-length",
                "content-type",
            ],
        )?;
        same(
            "the headers of Chase's redirect",
            names("/api/v2/conversions/", &[])?,
            owned(&["date", "server", "content-length", "location"]),
        )
    }

    /// HTTP/2 without TLS, and HTTP/1.0.
    fn other_protocols(&self) -> anyhow::Result<()> {
        let two = ["--http2-prior-knowledge"];
        let json = ["-H", "Accept: application/json"];
        for (path, arguments, status) in [
            (LIST, vec![&TESTER[..]], 200),
            (LOG, vec![&CHASE_KEY, &CHASE_BODY], 202),
            (LOG, vec![&CHASE_BODY], 401),
            (ACTIONS, vec![&PARTNER, &json], 200),
            ("/__admin/health", vec![], 200),
        ] {
            let answer = self.call(path, &[&[&two[..]], &arguments[..]].concat())?;
            same(
                "the version",
                answer.has(status)?.version.as_str(),
                "HTTP/2",
            )?;
            let upper = answer
                .headers
                .iter()
                .find(|(name, _)| name.contains(|letter: char| letter.is_ascii_uppercase()));
            same("a header in capitals", upper, None)?;
        }
        let old = self.call(LOG, &[&["--http1.0"], &CHASE_KEY, &CHASE_BODY])?;
        old.is(202, "")?;
        same("the connection", old.header("connection"), Some("close"))
    }

    /// Chase redirects a trailing slash; curl follows with its body. Other paths are nobody's.
    fn redirects_and_paths(&self) -> anyhow::Result<()> {
        let followed = self.call(
            "/chase/api/v2/conversions//?a=b",
            &[&["-L"], &CHASE_KEY, &CHASE_BODY],
        )?;
        followed.is(202, "")?;
        same("the answers on the way", &followed.interim[..], &[307])?;
        let chunked = ["-H", "Transfer-Encoding: chunked"];
        self.call(LOG, &[&CHASE_KEY, &CHASE_BODY, &chunked])?
            .is(202, "")?;
        for path in [
            "/api/v2/./conversions",
            "/api/v2/conversions;x",
            "/api/v2/x/../conversions",
            "/chase//api/v2/conversions",
        ] {
            self.call(path, &[&["--path-as-is"], &CHASE_KEY, &CHASE_BODY])?
                .is(404, r#"{"detail":"Not Found"}"#)?;
        }
        self.call("/api/v2/%63onversions", &[&CHASE_KEY, &CHASE_BODY])?
            .is(202, "")?;
        self.call("/API/V1/LiveChat/Conversions/", &[&TESTER])?
            .has(200)?;
        let nothing = "/api/v1/livechat/nothing";
        self.call(nothing, &[&TESTER])?.is(
            404,
            r#"{"code":404000,"message":"/api/v1/livechat/nothing not found."}"#,
        )?;
        self.call(nothing, &[])?.has(401)?;
        let gone = self.call(
            &format!("{ACTIONS}s"),
            &[&PARTNER, &["-H", "Accept: application/json"]],
        )?;
        gone.is(
            404,
            r#"{"Status":"ERROR","Message":"The requested resource was not found"}"#,
        )?;
        let nobodys = self.call("/nothing", &[])?;
        same(
            "the type of a problem",
            nobodys.has(404)?.header("content-type"),
            Some("application/problem+json"),
        )
    }
}

/// What curl printed.
#[derive(Debug)]
struct Answer {
    /// The statuses that came before the last: 100, or redirects that were followed.
    interim: Vec<u16>,
    version: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn parse(printed: Vec<u8>) -> anyhow::Result<Self> {
        let printed = String::from_utf8(printed)?;
        let (mut interim, mut rest) = (Vec::new(), printed.as_str());
        loop {
            let (head, body) = rest
                .split_once("\r\n\r\n")
                .with_context(|| format!("no answer: {rest}"))?;
            let mut lines = head.split("\r\n");
            let mut start = lines.next().unwrap_or_default().split(' ');
            let version = start.next().unwrap_or_default().to_owned();
            let status = start
                .next()
                .context("a status line has a status")?
                .parse()?;
            if body.starts_with("HTTP/") {
                interim.push(status);
                rest = body;
                continue;
            }
            let headers = lines.filter_map(|line| line.split_once(": "));
            let headers = headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            return Ok(Self {
                interim,
                version,
                status,
                headers,
                body: body.to_owned(),
            });
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Has this status.
    fn has(&self, status: u16) -> anyhow::Result<&Self> {
        ensure!(self.status == status, "wanted {status}, got {self:?}");
        Ok(self)
    }

    /// Has this status and these bytes.
    fn is(&self, status: u16, body: &str) -> anyhow::Result<()> {
        same(
            &format!("the body of {status}"),
            self.has(status)?.body.as_str(),
            body,
        )
    }

    /// Has this status and this JSON, with its members in order, whatever stands between them.
    fn json(&self, status: u16, body: &Value) -> anyhow::Result<()> {
        let found: Value = serde_json::from_str(&self.has(status)?.body)?;
        same(
            &format!("the body of {status}"),
            found.to_string(),
            body.to_string(),
        )
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "calls read better without references"
)]
fn same<T: PartialEq + Debug>(what: &str, found: T, wanted: T) -> anyhow::Result<()> {
    ensure!(found == wanted, "{what}: wanted {wanted:?}, got {found:?}");
    Ok(())
}
