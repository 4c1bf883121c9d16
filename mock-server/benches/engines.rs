//! The engines alone: one accepted call of each vendor, and one refused one, without a socket or a journal.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use jiff::Timestamp;
use mock_server::clock::Clock;
use mock_server::engine::{Body, Parts, Request};
use mock_server::sandbox::Sandbox;
use mock_server::sandboxes::vendor_named;
use mock_server::seed::{self, Layer};

struct Sample {
    name: &'static str,
    vendor: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    status: u16,
}

/// `tester@comm100.com` with the documented key.
const COMM100_KEY: &str =
    "Basic dGVzdGVyQGNvbW0xMDAuY29tOmVmNDNmOTM2MmFhYzRmNjBhZDQyOGNiNGQwNzJmMmM4";
/// The token of the built-in seed.
const IMPACT_KEY: &str = "Basic SVJ0ZXN0QWNjdDE5MjQ2MDltYWRlVXBTaWQwMDAwMDAwQTptYWRlLXVwLXRva2Vu";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

const SAMPLES: &[Sample] = &[
    Sample {
        name: "comm100 accepted",
        vendor: "comm100",
        path: "/api/v1/livechat/mark_api_conversion_successful",
        headers: &[
            ("host", "hosted.comm100.com"),
            ("authorization", COMM100_KEY),
            FORM,
        ],
        body: "conversion_name=sales_goal&visitorId=7273e957-02cb-4c03-a84c-44283fcfd47d&value=500",
        status: 200,
    },
    Sample {
        name: "chase accepted",
        vendor: "chase",
        path: "/api/v2/conversions",
        headers: &[
            ("host", "services.meetchase.ai"),
            ("x-api-key", "mock-chase-key"),
            JSON,
        ],
        body: r#"{"email":"user@example.com","conversion_type":"purchase","conversion_data":{"item":"premium_subscription","price":99.99}}"#,
        status: 202,
    },
    Sample {
        name: "chase refused",
        vendor: "chase",
        path: "/api/v2/conversions",
        headers: &[
            ("host", "services.meetchase.ai"),
            ("x-api-key", "mock-chase-key"),
            JSON,
        ],
        body: r#"{"email":"user","conversion_type":7}"#,
        status: 422,
    },
    Sample {
        name: "impact accepted",
        vendor: "impact",
        path: "/Mediapartners/IRtestAcct1924609madeUpSid0000000A/PartnerConversions",
        headers: &[
            ("host", "api.impact.com"),
            ("authorization", IMPACT_KEY),
            FORM,
        ],
        body: "CampaignId=10306&ActionTrackerId=19845&MediaPartnerId=1924609&EventDate=2026-06-10T10%3A15%3A30-07%3A00\
               &OrderId=ORD-1&CurrencyCode=USD&ItemSku1=TOYSET&ItemPrice1=40&ItemQuantity1=2&ItemSku2=DOLL&ItemPrice2=6.99\
               &ItemQuantity2=1",
        status: 200,
    },
];

fn engines(criterion: &mut Criterion) {
    let texts = fixtures::VENDORS
        .iter()
        .flat_map(|vendor| [vendor.seed(), vendor.conformance_seed()]);
    let layers: Vec<Layer> = texts
        .map(|text| Layer::parse("seed.toml", text.to_owned()).expect("sound seeds"))
        .collect();
    let seeds = seed::merge(&layers).expect("sound seeds");
    let now: Timestamp = "2026-06-10T18:00:00Z".parse().expect("an instant");
    for sample in SAMPLES {
        let vendor = vendor_named(sample.vendor).expect("a vendor");
        let headers: HeaderMap = sample
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        let parts = Parts {
            method: &Method::POST,
            path: sample.path,
            query: None,
            headers: &headers,
            version: Version::HTTP_11,
            prefix: "",
            secure: false,
            local: "127.0.0.1:8080",
        };
        let request = Request {
            parts,
            body: Body::Whole(sample.body.as_bytes()),
        };
        let fresh = || Sandbox::start(&seeds, Clock::Fixed(now));
        assert_eq!(
            fresh().call(vendor, &request, now).answer.status(),
            sample.status,
            "{}",
            sample.name
        );
        criterion.bench_function(sample.name, |bencher| {
            bencher.iter_batched_ref(
                fresh,
                |sandbox| black_box(sandbox.call(vendor, black_box(&request), now)),
                BatchSize::NumIterations(1_000),
            );
        });
    }
    criterion.bench_function("a fresh sandbox", |bencher| {
        bencher.iter(|| black_box(Sandbox::start(black_box(&seeds), Clock::System)));
    });
}

criterion_group!(benches, engines);
criterion_main!(benches);
