//! The OpenAPI document: what every operation shares.

use crate::error::Problem;
use std::collections::BTreeMap;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response,
    ResponseBuilder, ServerBuilder,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

/// The error responses of an operation: name it among its `responses`.
pub struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = Ref::from_schema_name(Problem::name());
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = |text: &str| {
            let response = ResponseBuilder::new().description(text);
            RefOr::T(response.content("application/problem+json", content.clone()).build())
        };
        BTreeMap::from([
            ("4XX".to_owned(), response("The request was not accepted; the problem says why.")),
            ("5XX".to_owned(), response("The service could not answer.")),
        ])
    }
}

/// One document of the documents of several functions.
pub fn document(functions: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("Spot Optimizer")
        .version("1")
        .description(Some(
            "Moves EKS clusters onto Spot safely and proves what it saved. Times are RFC 3339 in UTC; \
             money is a decimal text beside its currency; errors are RFC 9457 problems.",
        ))
        .license(Some(license))
        .build();
    let bearer = SecurityRequirement::new("bearer", Vec::<String>::new());
    let mut whole = OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").build()]))
        .security(Some([bearer]))
        .build();
    for function in functions {
        whole.merge(function);
    }
    let components = whole.components.get_or_insert_default();
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    schemas.push((Problem::name().into_owned(), Problem::schema()));
    components.schemas.extend(schemas);
    let schemes = [
        ("bearer", "The access token of a person, from login."),
        ("agent_key", "The key of a cluster's agent: `spo_…`."),
    ];
    for (name, text) in schemes {
        let mut http = Http::new(HttpAuthScheme::Bearer);
        http.description = Some(text.to_owned());
        components.security_schemes.insert(name.to_owned(), RefOr::T(SecurityScheme::Http(http)));
    }
    whole
}
