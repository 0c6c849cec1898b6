use super::*;
use domain::OrgId;
use proptest::prelude::*;
use uuid::Uuid;

fn tenant(n: u128) -> Tenant {
    #[expect(clippy::disallowed_methods, reason = "tests prove tenants as they like")]
    Tenant::proven(OrgId::new(Uuid::from_u128(n)))
}

/// All keys of a tenant that begin with the tenant, made from the same ids.
fn own_keys(tenant: Tenant, id: Uuid, text: &str, at: Timestamp) -> Vec<Key> {
    let (cluster, plan, user) = (ClusterId::new(id), PlanId::new(id), UserId::new(id));
    let (account, action, session) = (AccountId::new(id), ActionId::new(id), SessionId::new(id));
    vec![
        Key::organisation(tenant),
        Key::user(tenant, user),
        Key::session_of(tenant, user, session),
        Key::account(tenant, account),
        Key::cluster(tenant, cluster),
        Key::snapshot(tenant, cluster),
        Key::optimization(tenant, plan),
        Key::optimization_at(tenant, at, plan),
        Key::optimization_of(tenant, cluster, 7, plan),
        Key::execution(tenant, plan),
        Key::market(tenant, account, text),
        Key::idempotency(tenant, text),
        Key::unique_account(tenant, text),
        Key::unique_cluster(tenant, account, text, text),
        Key::guard(tenant, text),
        Key::audit_head(tenant),
        Key::audit_row(tenant, 7),
        Key::agent_key_of(tenant, cluster, 7),
        Key::action(tenant, cluster, action),
        Key::open_action(tenant, cluster, action),
        Key::running_instance(tenant, cluster, text),
        Key::ended_instance(tenant, cluster, at, text),
        Key::ledger_hour(tenant, cluster, at),
        Key::ledger_lines(tenant, cluster, at),
        Key::ledger_watermark(tenant, cluster),
    ]
}

/// All ranges of a tenant.
fn own_ranges(tenant: Tenant, id: Uuid, at: Timestamp) -> Vec<Range> {
    let cluster = ClusterId::new(id);
    vec![
        Range::users(tenant),
        Range::sessions_of(tenant, UserId::new(id)),
        Range::accounts(tenant),
        Range::clusters(tenant),
        Range::optimizations(tenant),
        Range::optimizations_of(tenant, cluster),
        Range::agent_keys_of(tenant, cluster),
        Range::actions(tenant, cluster),
        Range::open_actions(tenant, cluster),
        Range::instances(tenant, cluster),
        Range::running_instances(tenant, cluster),
        Range::ended_instances(tenant, cluster, at),
        Range::ledger_hours(tenant, cluster, at, Timestamp::MAX),
        Range::ledger_lines(tenant, cluster, at, Timestamp::MAX),
        Range::audit_rows(tenant, 0),
    ]
}

fn covers(range: &Range, key: &Key) -> bool {
    range.pk == key.pk && range.from <= key.sk && key.sk <= range.to
}

proptest! {
    #[test]
    fn no_key_or_range_of_one_tenant_reaches_another(
        (a, b) in (any::<u128>(), any::<u128>()).prop_filter("two", |(a, b)| a != b),
        id in any::<u128>(),
        text in ".{0,40}",
        second in 0_i64..4_000_000_000,
    ) {
        let at = Timestamp::from_second(second).unwrap();
        let (id, a, b) = (Uuid::from_u128(id), tenant(a), tenant(b));
        let (of_a, of_b) = (own_keys(a, id, &text, at), own_keys(b, id, &text, at));
        for key in &of_a {
            prop_assert!(!of_b.contains(key));
            prop_assert_eq!((key.belongs_to(a), key.belongs_to(b)), (Some(true), Some(false)));
            for range in own_ranges(b, id, at) {
                prop_assert!(!covers(&range, key), "{:?} covers {:?}", range, key);
            }
        }
    }

    #[test]
    fn keys_of_one_tenant_are_all_different(id in any::<u128>(), text in ".{0,40}") {
        let keys = own_keys(tenant(1), Uuid::from_u128(id), &text, Timestamp::UNIX_EPOCH);
        let distinct: std::collections::BTreeSet<&Key> = keys.iter().collect();
        prop_assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn times_sort_as_text(a in 0_i64..253_402_300_799_000, b in 0_i64..253_402_300_799_000) {
        let (a, b) = (Timestamp::from_millisecond(a).unwrap(), Timestamp::from_millisecond(b).unwrap());
        prop_assert_eq!(time(a).cmp(&time(b)), a.cmp(&b));
        prop_assert_eq!(time(a).len(), 24);
    }
}

#[test]
fn hours_begin_within_what_is_asked_for() {
    let range = |from: &str, to: &str| {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        let range = Range::ledger_hours(tenant(1), ClusterId::new(Uuid::nil()), from, to);
        (range.from, range.to)
    };
    let expected = ("HOUR#2026-03-02T10".to_owned(), "HOUR#2026-03-02T11".to_owned());
    assert_eq!(range("2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z"), expected);
    assert_eq!(range("2026-03-02T09:00:00.1Z", "2026-03-02T11:00:00.1Z"), expected);
    let (from, to) = range("2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z");
    assert!(from > to, "an empty range is seen to be empty");
}

#[test]
fn what_has_no_tenant_in_its_key_does_not_say_whose_it_is() {
    let id = Uuid::from_u128(7);
    for key in [
        Key::session(SessionId::new(id)),
        Key::agent_key(KeyId::new(id)),
        Key::email("maria@example.com"),
        Key::attempts("account", "maria@example.com"),
        Key::heartbeat(ClusterId::new(id)),
        Key::directory(ClusterId::new(id)),
        Key::work(PlanId::new(id)),
    ] {
        assert_eq!(key.belongs_to(tenant(1)), None, "{key:?}");
    }
}
