//! One handler per route.

use crate::discovery;
use crate::view::{Account, DiscoveredClusters, NewAccount};
use api::{
    App, Caller, Error, Idempotent, Json, Page, PageQuery, Path, Problems, Query, Tagged, chance,
};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cloud::LinkCheck;
use domain::AccountId;
use domain::account::{self, LinkProbe, LinkState};
use domain::audit::hex;
use domain::identity::Role;
use http::{StatusCode, header};
use storage::Stored;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// `/api/v1/accounts/…`
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_accounts, create_account))
        .routes(routes!(get_account, delete_account))
        .routes(routes!(verify_account))
        .routes(routes!(list_discovered_clusters))
}

/// List linked AWS accounts
#[utoipa::path(
    get, path = "/api/v1/accounts", operation_id = "list_accounts", tag = "accounts",
    params(PageQuery),
    responses((status = 200, description = "Accounts, oldest first.", body = Page<Account>), Problems),
)]
async fn list_accounts(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Account>>, Error> {
    let accounts = app.table().accounts(caller.tenant, &page.request()).await?;
    Ok(Json(Page::of(accounts, Account::from)))
}

/// Link an AWS account
///
/// The answer holds the `ExternalId` that the role's trust policy must ask for. Make the role, then
/// verify the link.
#[utoipa::path(
    post, path = "/api/v1/accounts", operation_id = "create_account", tag = "accounts",
    params(("Idempotency-Key" = String, Header, description = "Any text that is new.")),
    request_body = NewAccount,
    responses(
        (status = 201, description = "Linked, not verified yet.", body = Account,
         headers(("Location" = String, description = "Where it is."))),
        Problems,
    ),
)]
async fn create_account(
    State(app): State<App>,
    caller: Caller,
    _: Idempotent,
    Json(body): Json<NewAccount>,
) -> Result<Response, Error> {
    caller.require(Role::Owner)?;
    let default = format!("arn:aws:iam::{}:role/SpotOptimizer", body.aws_account_id);
    let role_arn = body.role_arn.unwrap_or(default);
    account::check_role_arn(&role_arn, &body.aws_account_id)
        .map_err(|wrong| Error::invalid("/role_arn", wrong))?;
    let account = account::Account {
        id: AccountId::new(chance::id()),
        name: body.name,
        aws_account_id: body.aws_account_id,
        role_arn,
        external_id: format!("spo-{}", hex(&chance::secret()[..16])),
        regions: body.regions,
        state: LinkState::Pending,
        checked_at: None,
        created_at: app.clock.now(),
    };
    let mut tx = caller.transaction("account.create", account.id, app.clock.now());
    let created = tx.create(&account);
    app.table().commit(tx).await?;
    let location = [(header::LOCATION, format!("/api/v1/accounts/{}", account.id))];
    Ok((StatusCode::CREATED, location, tagged(created)).into_response())
}

/// View a linked AWS account
#[utoipa::path(
    get, path = "/api/v1/accounts/{account_id}", operation_id = "get_account", tag = "accounts",
    params(("account_id" = String, Path, description = "`acc_…`")),
    responses((status = 200, description = "The account.", body = Account), Problems),
)]
async fn get_account(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Result<Tagged<Account>, Error> {
    Ok(tagged(app.table().account(caller.tenant, id).await?))
}

/// Unlink an AWS account
///
/// Refused while clusters of it are registered.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{account_id}", operation_id = "delete_account", tag = "accounts",
    params(("account_id" = String, Path, description = "`acc_…`")),
    responses((status = 204, description = "Unlinked."), Problems),
)]
async fn delete_account(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Result<StatusCode, Error> {
    caller.require(Role::Owner)?;
    // Registering a cluster changes its account's revision, so none can slip in between.
    let stored = app.table().account(caller.tenant, id).await?;
    let clusters = discovery::registered(&app, caller.tenant).await?;
    if clusters.iter().any(|cluster| cluster.account == id) {
        let detail = "clusters of this account are registered: remove them first";
        return Err(Error::conflict("account-in-use", detail));
    }
    let mut tx = caller.transaction("account.delete", id, app.clock.now());
    tx.delete(&stored);
    app.table().commit(tx).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Verify the link of an AWS account
///
/// It counts only if the role can be assumed with our `ExternalId` and neither without one nor with a
/// wrong one.
#[utoipa::path(
    post, path = "/api/v1/accounts/{account_id}/verify", operation_id = "verify_account", tag = "accounts",
    params(("account_id" = String, Path, description = "`acc_…`")),
    responses((status = 200, description = "The account with what was found.", body = Account), Problems),
)]
async fn verify_account(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Result<Tagged<Account>, Error> {
    caller.require(Role::Owner)?;
    let stored = app.table().account(caller.tenant, id).await?;
    let account = stored.value.clone();
    let region = account.regions.first().map_or("us-east-1", String::as_str);
    let found = app.ctx.cloud.verify_link(&runtime::role_link(&account, region)).await?;
    let now = app.clock.now();
    let verified =
        account::Account { state: probe(found).judge(), checked_at: Some(now), ..account };
    let mut tx = caller.transaction("account.verify", id, now);
    let saved = tx.update(&stored, verified);
    app.table().commit(tx).await?;
    Ok(tagged(saved))
}

/// List the EKS clusters of an AWS account
#[utoipa::path(
    get, path = "/api/v1/accounts/{account_id}/discovered-clusters",
    operation_id = "list_discovered_clusters", tag = "accounts",
    params(("account_id" = String, Path, description = "`acc_…`")),
    responses((status = 200, description = "What AWS says there is.", body = DiscoveredClusters), Problems),
)]
async fn list_discovered_clusters(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Result<Json<DiscoveredClusters>, Error> {
    let account = app.table().account(caller.tenant, id).await?.value;
    let items = discovery::clusters(&app, caller.tenant, &account).await?;
    Ok(Json(DiscoveredClusters { items }))
}

fn tagged(stored: Stored<account::Account>) -> Tagged<Account> {
    Tagged::whole(stored.revision, Account::from(stored))
}

/// The three tries as the domain judges them.
fn probe(found: LinkCheck) -> LinkProbe {
    LinkProbe {
        with_ours: found != LinkCheck::Refused,
        without: found == LinkCheck::ExternalIdNotRequired,
        with_wrong: found == LinkCheck::ExternalIdNotChecked,
    }
}
