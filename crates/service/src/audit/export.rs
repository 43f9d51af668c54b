//! Entries of the audit log as lines of a file.

use api::{AuditEntry, AuditFormat};
use serde_json::json;

use crate::csv::line;

/// What stands before the first entry.
pub const fn audit_head(format: AuditFormat) -> &'static str {
    match format {
        AuditFormat::Csv => {
            "entry,time,outcome,action,actor_kind,actor_id,actor,object_kind,object_id,object,before,after,address,request_id,hash\r\n"
        }
        AuditFormat::Jsonl => "",
    }
}

/// An entry as a line. JSON lines hold all that the hash is made of; how something was and is stands
/// in them as the text that was hashed.
pub fn audit_line(entry: &AuditEntry, format: AuditFormat) -> String {
    match format {
        AuditFormat::Csv => csv(entry),
        AuditFormat::Jsonl => jsonl(entry),
    }
}

fn csv(entry: &AuditEntry) -> String {
    let record = &entry.record;
    let cells = [
        record.outcome.as_str(),
        &record.action,
        &record.actor.kind,
        &record.actor.id,
        &record.actor.name,
        &record.object.kind,
        &record.object.id,
        &record.object.name,
        record.before.as_deref().unwrap_or_default(),
        record.after.as_deref().unwrap_or_default(),
        &record.address,
        &record.request_id,
        &entry.hash,
    ];
    let own = [entry.seq.to_string(), time(entry)];
    let own = own.iter().map(String::as_str);
    line(own.chain(cells))
}

fn jsonl(entry: &AuditEntry) -> String {
    let record = &entry.record;
    let line = json!({
        "entry": entry.seq,
        "at_us": record.at.micros(),
        "time": time(entry),
        "outcome": record.outcome,
        "action": record.action,
        "actor": record.actor,
        "object": record.object,
        "before": record.before,
        "after": record.after,
        "address": record.address,
        "request_id": record.request_id,
        "prev": entry.prev,
        "hash": entry.hash,
    });
    format!("{line}\n")
}

fn time(entry: &AuditEntry) -> String {
    let time = jiff::Timestamp::from_microsecond(entry.record.at.micros());
    time.unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{AuditActor, AuditObject, AuditOutcome, AuditRecord, Instant};

    fn entry() -> AuditEntry {
        AuditEntry {
            seq: 7,
            record: AuditRecord {
                at: Instant(1_700_000_000_000_001),
                outcome: AuditOutcome::Done,
                action: "key.add".into(),
                actor: AuditActor::default(),
                object: AuditObject {
                    kind: "key".into(),
                    id: "k".into(),
                    name: "=1+1, \"x\"".into(),
                },
                before: None,
                after: Some("{\"rate\":5}".into()),
                address: String::new(),
                request_id: "r".into(),
            },
            prev: "p".into(),
            hash: "h".into(),
        }
    }

    #[test]
    fn a_cell_is_quoted_and_runs_in_no_spreadsheet() {
        assert_eq!(
            audit_line(&entry(), AuditFormat::Csv),
            "7,2023-11-14T22:13:20.000001Z,done,key.add,,,,key,k,\"'=1+1, \"\"x\"\"\",,\"{\"\"rate\"\":5}\",,r,h\r\n"
        );
    }

    #[test]
    fn a_line_of_json_holds_the_text_that_was_hashed() {
        let line = audit_line(&entry(), AuditFormat::Jsonl);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["after"], "{\"rate\":5}");
        assert_eq!(read["object"]["name"], "=1+1, \"x\"");
        assert_eq!((&read["entry"], &read["hash"]), (&7.into(), &"h".into()));
    }
}
