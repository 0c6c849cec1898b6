//! The object store: what is read is what was written, or an error.

use storage::{Error, ObjectRef, Objects};
use testing::values::{market, snapshot, tenant};

#[expect(clippy::disallowed_methods, reason = "a folder of its own")]
fn stores() -> (Objects, Objects, std::path::PathBuf) {
    let folder = std::env::temp_dir().join(format!("objects-{}", uuid::Uuid::new_v4()));
    (Objects::memory(), Objects::folder(&folder).unwrap(), folder)
}

#[tokio::test]
async fn a_body_comes_back_as_it_was_written() {
    let (memory, local, folder) = stores();
    for objects in [memory, local] {
        let tenant = tenant(1);
        let written = objects.put(tenant, "snapshot", "clu_1", &snapshot()).await.unwrap();
        let again = objects.put(tenant, "snapshot", "clu_1", &snapshot()).await.unwrap();
        assert_eq!(written, again, "the same content is the same object");
        let read: domain::snapshot::ClusterSnapshot = objects.get(tenant, &written).await.unwrap();
        assert_eq!(read, snapshot());
        assert_eq!(ObjectRef::from_key(&written.key).unwrap(), written);
        let bytes = objects.get_bytes(tenant, &written).await.unwrap();
        assert_eq!(bytes, serde_json::to_vec(&snapshot()).unwrap());

        objects.delete(tenant, &written).await.unwrap();
        objects.delete(tenant, &written).await.unwrap();
        let gone = objects.get_bytes(tenant, &written).await;
        assert!(matches!(gone, Err(Error::NotFound { kind: "object" })), "{gone:?}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_body_that_was_changed_is_not_read() {
    let (_, objects, folder) = stores();
    let tenant = tenant(1);
    let plan = objects.put(tenant, "market", "acc_1", &market()).await.unwrap();
    let other = objects.put(tenant, "market", "acc_1", &snapshot()).await.unwrap();
    std::fs::copy(folder.join(&other.key), folder.join(&plan.key)).unwrap();
    let changed = objects.get_bytes(tenant, &plan).await;
    assert!(matches!(changed, Err(Error::Corrupt { kind: "object", .. })), "{changed:?}");

    std::fs::write(folder.join(&plan.key), b"not gzip").unwrap();
    let changed = objects.get_bytes(tenant, &plan).await;
    assert!(matches!(changed, Err(Error::Corrupt { kind: "object", .. })), "{changed:?}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_shared_body_is_read_once_and_only_by_its_own_tenant() {
    let (_, objects, folder) = stores();
    let (ours, theirs) = (tenant(1), tenant(2));
    let written = objects.put(ours, "market", "acc_1", &market()).await.unwrap();
    let read = async |tenant, object: ObjectRef| {
        objects.get_shared::<domain::offering::Market>(tenant, &object).await
    };
    let first = read(ours, written.clone()).await.unwrap();
    assert_eq!(*first, market());
    // What is on the disk is not looked at again.
    std::fs::write(folder.join(&written.key), b"not gzip").unwrap();
    let second = read(ours, written.clone()).await.unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &second));

    let foreign = read(theirs, written.clone()).await;
    assert!(matches!(foreign, Err(Error::Foreign { .. })), "{foreign:?}");
    let other = ObjectRef { sha256: "00".repeat(32), ..written };
    let other = read(ours, other).await;
    assert!(matches!(other, Err(Error::Corrupt { .. })), "{other:?}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn objects_of_another_tenant_are_out_of_reach() {
    let objects = Objects::memory();
    let (ours, theirs) = (tenant(1), tenant(2));
    let written = objects.put(ours, "plan", "opt_1", &1).await.unwrap();
    for key in [
        written.key.clone(),
        format!("plan/{}/../{}/opt_1/x.json.gz", theirs.org(), ours.org()),
        format!("{}/x", written.key),
        String::new(),
    ] {
        let object = ObjectRef { key, sha256: written.sha256.clone() };
        let refused = objects.get_bytes(theirs, &object).await;
        assert!(
            matches!(refused, Err(Error::Foreign { .. } | Error::Corrupt { .. })),
            "{object:?}: {refused:?}"
        );
        let refused = objects.delete(theirs, &object).await;
        assert!(refused.is_err(), "{object:?}");
    }
    assert!(objects.put(ours, "plan", "../x", &1).await.is_err());
    assert!(ObjectRef::from_key("plan/org/x.json.gz").is_err());
    assert_eq!(objects.get::<u8>(ours, &written).await.unwrap(), 1);
}
