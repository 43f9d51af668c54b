//! The audit log: entries come with what they are about, have no gaps, and nothing can be done to
//! their table unseen.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::{AuditActor, AuditFilter, AuditObject, AuditOutcome, AuditRecord, Instant};
use store::{Anchor, Fault, Sign};

use crate::harness::{Home, on_both};

on_both!(
    an_entry_comes_with_its_change_or_not_at_all,
    servers_that_write_together_leave_no_gap,
    entries_are_found_by_what_they_say,
    each_edit_of_a_single_column_is_named,
    each_row_that_is_taken_away_is_named,
    rows_that_change_places_are_named,
    rows_that_are_put_in_are_named,
    a_row_that_was_hashed_anew_is_named,
    a_chain_that_was_hashed_anew_is_found_by_its_anchor,
    a_beginning_may_be_missing_where_a_signed_entry_says_so,
    who_can_only_write_to_the_database_can_write_no_entry_anew,
    what_is_not_signed_with_a_key_that_is_here_proves_nothing,
);

fn record(n: i64) -> AuditRecord {
    AuditRecord {
        at: Instant(1_700_000_000_000_000 + n),
        outcome: AuditOutcome::Done,
        action: if n % 2 == 0 {
            "key.add"
        } else {
            "series.limit"
        }
        .into(),
        actor: AuditActor {
            kind: "person".into(),
            id: "u1".into(),
            name: "Ada@example.org".into(),
        },
        object: AuditObject {
            kind: "key".into(),
            id: format!("k{n}"),
            name: "100 % of it".into(),
        },
        before: None,
        after: Some(format!("{{\"n\":{n}}}")),
        address: "192.0.2.7".into(),
        request_id: format!("r{n}"),
    }
}

/// A log with so many entries.
async fn filled(home: &Home, entries: i64) {
    for n in 1..=entries {
        let seq = home.store.add_audit_entry(record(n)).await.unwrap();
        assert_eq!(seq, n);
    }
}

async fn faults(home: &Home) -> Vec<Fault> {
    home.store.verify_audit(&[], None).await.unwrap().1
}

impl Home {
    async fn tamper(&self, sql: String) {
        self.sql(sql.leak()).await;
    }
}

async fn an_entry_comes_with_its_change_or_not_at_all(home: Home) {
    let store = &home.store;
    store.noting(record(1)).put_setting("a", &1).await.unwrap();
    let entries = || async { store.audit_head().await.unwrap().0 };
    assert_eq!(entries().await, 1);
    // Nothing to forget: nothing was done.
    assert!(!store.noting(record(2)).delete_setting("b").await.unwrap());
    assert_eq!(entries().await, 1);
    assert!(store.noting(record(2)).delete_setting("a").await.unwrap());
    assert_eq!(entries().await, 2);
    // It fails on its way: neither the change nor the entry.
    let lost = store.noting(record(3));
    assert!(lost.pause_target(&"none".into(), true).await.is_err());
    assert_eq!(entries().await, 2);
    // An entry that cannot be written takes the change back.
    home.sql("update audit_head set hash = 'nonsense'").await;
    let failed = store.noting(record(3)).put_setting("c", &1).await;
    assert!(failed.is_err());
    assert_eq!(store.setting::<i32>("c").await.unwrap(), None);
}

async fn servers_that_write_together_leave_no_gap(home: Home) {
    let other = home.open_again().await;
    let mut writers = Vec::new();
    for store in [&home.store, &other] {
        for writer in 0..4 {
            let store = store.clone();
            writers.push(tokio::spawn(async move {
                for n in 0..10 {
                    let note = store.noting(record(n));
                    note.put_setting(&format!("s{writer}"), &n).await.unwrap();
                    store.add_audit_entry(record(n)).await.unwrap();
                }
            }));
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let (entries, faults) = home.store.verify_audit(&[], None).await.unwrap();
    assert_eq!((entries, faults), (160, Vec::new()));
    assert_eq!(home.count("select max(seq) from audit_entry").await, 160);
    other.close().await;
}

/// What narrows a filter, and how many entries it then finds.
type Narrowed = (fn(&mut AuditFilter), usize);

async fn entries_are_found_by_what_they_say(home: Home) {
    filled(&home, 10).await;
    let refused = AuditRecord {
        outcome: AuditOutcome::Refused,
        actor: AuditActor::default(),
        object: AuditObject::default(),
        ..record(11)
    };
    home.store.add_audit_entry(refused).await.unwrap();
    let any = AuditFilter::default;
    let cases: [Narrowed; 15] = [
        (|_| {}, 11),
        (|f| f.actor = "ada@".into(), 10),
        (|f| f.actor = "u1".into(), 10),
        (|f| f.actor = "nobody else".into(), 0),
        (|f| f.action = "key.add".into(), 5),
        (|f| f.action = "series".into(), 6),
        (|f| f.action = "serie".into(), 0),
        (|f| f.object = "k7".into(), 1),
        (|f| f.object = "100 %".into(), 10),
        (|f| f.object = "100_%".into(), 0),
        (|f| f.outcome = Some(AuditOutcome::Refused), 1),
        (|f| f.from = Some(record(9).at), 3),
        (|f| f.to = Some(record(3).at), 2),
        (|f| f.text = "\"n\":4".into(), 1),
        (|f| f.text = "R10".into(), 1),
    ];
    for (narrow, expected) in cases {
        let mut filter = any();
        narrow(&mut filter);
        let found = home.store.audit_entries(&filter, i64::MAX, 50).await;
        assert_eq!(found.unwrap().len(), expected, "{filter:?}");
    }
    let older = home.store.audit_entries(&any(), 4, 2).await.unwrap();
    assert_eq!(older.iter().map(|e| e.seq).collect::<Vec<_>>(), [3, 2]);
    let newer = home.store.audit_entries_after(&any(), 4, 2).await.unwrap();
    assert_eq!(newer.iter().map(|e| e.seq).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(newer[0].record, record(5));
    let actions = home.store.audit_actions().await.unwrap();
    assert_eq!(actions, ["key.add", "series.limit"]);
}

/// Each column and another value for it.
const EDITS: [(&str, &str); 15] = [
    ("at", "at + 1"),
    ("outcome", "'refused'"),
    ("outcome", "'nonsense'"),
    ("action", "'key.revoke'"),
    ("actor_kind", "'key'"),
    ("actor_id", "actor_id || ' '"),
    ("actor_name", "'eve@example.org'"),
    ("object_kind", "'person'"),
    ("object_id", "''"),
    ("object_name", "upper(object_name)"),
    ("before", "''"),
    ("after", "null"),
    ("address", "'192.0.2.8'"),
    ("request_id", "'r'"),
    ("prev", "hash"),
];

async fn each_edit_of_a_single_column_is_named(home: Home) {
    filled(&home, 5).await;
    let edits = EDITS.into_iter().chain([("hash", "prev"), ("hash", "''")]);
    home.tamper("create table kept as select * from audit_entry".into())
        .await;
    for (column, value) in edits {
        for row in 1..=5 {
            home.tamper(format!(
                "update audit_entry set {column} = {value} where seq = {row}"
            ))
            .await;
            assert_eq!(
                faults(&home).await,
                [Fault::Changed { seq: row }],
                "{column} {row}"
            );
            home.tamper(
                "delete from audit_entry; insert into audit_entry select * from kept".into(),
            )
            .await;
        }
    }
    assert_eq!(faults(&home).await, []);
}

async fn each_row_that_is_taken_away_is_named(home: Home) {
    filled(&home, 5).await;
    home.tamper("create table kept as select * from audit_entry".into())
        .await;
    for from in 1..=5 {
        for to in from..=5 {
            home.tamper(format!(
                "delete from audit_entry where seq between {from} and {to}"
            ))
            .await;
            assert_eq!(faults(&home).await, [Fault::Missing { from, to }]);
            home.tamper(
                "delete from audit_entry; insert into audit_entry select * from kept".into(),
            )
            .await;
        }
    }
    // The end cut off, and the head set back to fit: only what lies outside of the database knows.
    let (seq, hash) = home.store.audit_head().await.unwrap();
    home.tamper(
        "delete from audit_entry where seq > 3;
        update audit_head set seq = 3, hash = (select hash from audit_entry where seq = 3)"
            .into(),
    )
    .await;
    assert_eq!(faults(&home).await, []);
    let anchored = home
        .store
        .verify_audit(&[Anchor { seq, hash }], None)
        .await
        .unwrap();
    assert_eq!(anchored.1, [Fault::Missing { from: 4, to: 5 }]);
}

async fn rows_that_change_places_are_named(home: Home) {
    filled(&home, 5).await;
    for one in 1..=5 {
        for other in one + 1..=5 {
            let swap = format!(
                "update audit_entry set seq = -1 where seq = {one};
                update audit_entry set seq = {one} where seq = {other};
                update audit_entry set seq = {other} where seq = -1"
            );
            home.tamper(swap.clone()).await;
            let (a, b) = (one, other);
            assert_eq!(
                faults(&home).await,
                [
                    Fault::Moved { seq: a, was: b },
                    Fault::Moved { seq: b, was: a }
                ]
            );
            home.tamper(swap).await;
        }
    }
    // What they say changes places, and their hashes stay.
    home.tamper(
        "create table kept as select * from audit_entry;
        update audit_entry set request_id = (select request_id from kept where seq = 6 - audit_entry.seq)
            where seq in (2, 4)"
            .into(),
    )
    .await;
    assert_eq!(
        faults(&home).await,
        [Fault::Changed { seq: 2 }, Fault::Changed { seq: 4 }]
    );
}

async fn rows_that_are_put_in_are_named(home: Home) {
    filled(&home, 3).await;
    for seq in [-7, 0, 4, 9] {
        home.tamper(format!(
            "insert into audit_entry select {seq}, at, outcome, action, actor_kind, actor_id,
                actor_name, object_kind, object_id, object_name, before, after, address,
                request_id, hash, hash, signature from audit_entry where seq = 3"
        ))
        .await;
        assert_eq!(faults(&home).await, [Fault::Inserted { seq }]);
        home.tamper(format!("delete from audit_entry where seq = {seq}"))
            .await;
    }
}

/// Edits an entry and gives it a hash that fits, as somebody would who has read the documentation.
async fn forge(home: &Home, seq: i64, prev: &str) -> String {
    let filter = AuditFilter::default();
    let entry = home.store.audit_entries_after(&filter, seq - 1, 1).await;
    let mut forged = entry.unwrap().remove(0);
    forged.record.actor.name = "eve@example.org".into();
    let hash = store::audit_hash(prev, seq, &forged.record).unwrap();
    home.tamper(format!(
        "update audit_entry set actor_name = 'eve@example.org', prev = '{prev}', hash = '{hash}'
        where seq = {seq}"
    ))
    .await;
    hash
}

async fn prev_of(home: &Home, seq: i64) -> String {
    let filter = AuditFilter::default();
    let entry = home.store.audit_entries_after(&filter, seq - 1, 1).await;
    entry.unwrap().remove(0).prev
}

async fn a_row_that_was_hashed_anew_is_named(home: Home) {
    filled(&home, 5).await;
    home.tamper("create table kept as select * from audit_entry".into())
        .await;
    for seq in 1..5 {
        let prev = prev_of(&home, seq).await;
        forge(&home, seq, &prev).await;
        assert_eq!(faults(&home).await, [Fault::Replaced { seq }]);
        home.tamper("delete from audit_entry; insert into audit_entry select * from kept".into())
            .await;
    }
    // The last one has none after it; the head knows it.
    let prev = prev_of(&home, 5).await;
    forge(&home, 5, &prev).await;
    assert_eq!(faults(&home).await, [Fault::Rewritten { from: 1, to: 5 }]);
}

async fn a_chain_that_was_hashed_anew_is_found_by_its_anchor(home: Home) {
    filled(&home, 10).await;
    let filter = AuditFilter::default();
    let entries = home
        .store
        .audit_entries_after(&filter, 0, 10)
        .await
        .unwrap();
    let anchors: Vec<Anchor> = [2, 4, 7, 9]
        .map(|seq: usize| Anchor {
            seq: entries[seq - 1].seq,
            hash: entries[seq - 1].hash.clone(),
        })
        .to_vec();
    let anchored = async || home.store.verify_audit(&anchors, None).await.unwrap().1;
    assert_eq!(anchored().await, []);
    let mut prev = prev_of(&home, 5).await;
    for seq in 5..=10 {
        prev = forge(&home, seq, &prev).await;
    }
    home.tamper(format!("update audit_head set hash = '{prev}'"))
        .await;
    assert_eq!(faults(&home).await, []);
    assert_eq!(anchored().await, [Fault::Rewritten { from: 5, to: 9 }]);
    // A server that stops writes an anchor of the head: where that is not the head any more, all since
    // the last good one may be replaced, and not the head alone.
    let mut stopped = anchors.clone();
    stopped.push(Anchor {
        seq: entries[9].seq,
        hash: entries[9].hash.clone(),
    });
    let verified = home.store.verify_audit(&stopped, None).await;
    assert_eq!(verified.unwrap().1, [Fault::Rewritten { from: 5, to: 10 }]);
    let seqs: BTreeSet<i64> = anchored().await.iter().map(Fault::first).collect();
    assert_eq!(seqs, BTreeSet::from([5]));
}

/// The entry of a cut up to that number, whose entry has that hash.
fn cut(n: i64, through: i64, hash: &str) -> AuditRecord {
    let after = format!("{{\"through\":{through},\"hash\":\"{hash}\",\"by\":\"us:1\"}}");
    AuditRecord {
        action: "audit.cut".into(),
        after: Some(after),
        ..record(n)
    }
}

async fn a_beginning_may_be_missing_where_a_signed_entry_says_so(home: Home) {
    let store = &home.store;
    filled(&home, 9).await;
    assert_eq!(store.audit_older_than(record(4).at).await.unwrap(), 3);
    assert_eq!(store.audit_older_than(record(99).at).await.unwrap(), 9);
    let filter = AuditFilter::default();
    let last = store.audit_entries_after(&filter, 2, 1).await.unwrap();
    let noting = store.noting(cut(10, 3, &last[0].hash));
    noting.delete_audit_through(3).await.unwrap();
    assert_eq!(
        store.oldest_audit_entry().await.unwrap(),
        Some(record(4).at)
    );
    assert_eq!(faults(&home).await, []);
    let unsigned = store.verify_audit(&[], Some(&|_, _| Some(false))).await;
    assert_eq!(unsigned.unwrap().1[0], Fault::Missing { from: 1, to: 3 });
    // What was taken away beyond it is named.
    home.sql("delete from audit_entry where seq <= 5").await;
    assert_eq!(faults(&home).await, [Fault::Missing { from: 4, to: 5 }]);
    // Nothing to cut leaves no entry.
    let again = store.noting(record(11));
    again.delete_audit_through(3).await.unwrap();
    assert_eq!(store.audit_head().await.unwrap().0, 10);
}

/// Says the text itself again, with its own name before it.
struct Key(&'static str);

impl Sign for Key {
    fn sign(&self, said: &str) -> Option<String> {
        Some(format!("{}:{said}", self.0))
    }
}

/// What is wrong, for somebody who has the key `ours` alone.
async fn signed_faults(home: &Home) -> Vec<Fault> {
    let signed = |said: &str, by: &str| {
        let (key, of) = by.split_once(':')?;
        (key == "ours").then_some(of == said)
    };
    let verified = home.store.verify_audit(&[], Some(&signed)).await;
    verified.unwrap().1
}

/// Adds so many entries that this key signs.
async fn filled_by(home: &Home, key: &'static str, entries: std::ops::RangeInclusive<i64>) {
    let store = home.store.clone().signing(Arc::new(Key(key)));
    for n in entries {
        store.add_audit_entry(record(n)).await.unwrap();
        // In the transaction of a change as well.
        store.noting(record(n)).put_setting("a", &n).await.unwrap();
    }
}

async fn who_can_only_write_to_the_database_can_write_no_entry_anew(home: Home) {
    filled_by(&home, "ours", 1..=4).await;
    assert_eq!(signed_faults(&home).await, []);
    home.tamper(
        "create table kept as select * from audit_entry;
        create table kept_head as select * from audit_head"
            .into(),
    )
    .await;
    let restored = "delete from audit_entry; insert into audit_entry select * from kept;
        update audit_head set hash = (select hash from kept_head)";
    for from in 1..=8 {
        // From any entry on, the newest alone too, with the head set to fit.
        let mut prev = prev_of(&home, from).await;
        for seq in from..=8 {
            prev = forge(&home, seq, &prev).await;
        }
        home.tamper(format!("update audit_head set hash = '{prev}'"))
            .await;
        assert_eq!(faults(&home).await, [], "without a key nobody can say");
        assert_eq!(signed_faults(&home).await, [Fault::Forged { from, to: 8 }]);
        // Signatures that are taken away prove nothing either.
        home.tamper(format!(
            "update audit_entry set signature = '' where seq >= {from}"
        ))
        .await;
        let gone = Fault::Unproven { from, to: 8 };
        assert_eq!(signed_faults(&home).await, [gone]);
        home.tamper(restored.into()).await;
    }
    // One alone, with the chain broken after it: one word is enough.
    let prev = prev_of(&home, 3).await;
    forge(&home, 3, &prev).await;
    assert_eq!(
        signed_faults(&home).await,
        [Fault::Forged { from: 3, to: 3 }]
    );
    home.tamper(restored.into()).await;
    // The signature of another entry.
    home.tamper(
        "update audit_entry set signature = (select signature from kept where seq = 2) where seq = 6"
            .into(),
    )
    .await;
    assert_eq!(
        signed_faults(&home).await,
        [Fault::Forged { from: 6, to: 6 }]
    );
    home.tamper(restored.into()).await;
    for column in ["actor_name", "hash"] {
        home.tamper(format!(
            "update audit_entry set {column} = '0' where seq = 8"
        ))
        .await;
        assert_eq!(signed_faults(&home).await, [Fault::Changed { seq: 8 }]);
        home.tamper(restored.into()).await;
    }
}

async fn what_is_not_signed_with_a_key_that_is_here_proves_nothing(home: Home) {
    filled(&home, 3).await;
    filled_by(&home, "another's", 4..=4).await;
    // What a server signs later proves nothing of what it found.
    filled_by(&home, "ours", 6..=6).await;
    assert_eq!(
        signed_faults(&home).await,
        [Fault::Unproven { from: 1, to: 5 }]
    );
    // Whoever rewrites what was signed, and says that it was another key, does not get by.
    let mut prev = prev_of(&home, 6).await;
    for seq in 6..=7 {
        prev = forge(&home, seq, &prev).await;
    }
    home.tamper(format!(
        "update audit_entry set signature = 'another''s:0' where seq >= 6;
        update audit_head set hash = '{prev}'"
    ))
    .await;
    filled_by(&home, "ours", 8..=8).await;
    assert_eq!(
        signed_faults(&home).await,
        [Fault::Unproven { from: 1, to: 7 }]
    );
}
