//! Boards: which there are, and that each shows its own instance only.

use api::{BoardKind, Error, Instant, Range};

use crate::home::{Home, NOW_S, home, key};

/// Metrics of a machine and of a Redis, every 15 s for five minutes before now.
async fn fill(home: &Home) {
    let mut lines = Vec::new();
    for step in 0..=20 {
        let at = NOW_S - 300 + step * 15;
        // Another one's are ten times as large.
        for (instance, times) in [("db-1:9100", 1), ("the\\ \"best\"", 10)] {
            let total = 1_000 * times;
            let free = 250 * times + step;
            lines.push(format!(
                "node_memory,instance={instance} MemTotal_bytes={total},MemAvailable_bytes={free} {at}"
            ));
            lines.push(format!(
                "node_network,instance={instance},device=eth0 receive_bytes_total={} {at}",
                step * 1_500 * times
            ));
        }
        lines.push(format!("redis,instance=cache:9121 up=1 {at}"));
    }
    assert_eq!(home.push("sender", &lines.join("\n")).await, 204);
}

fn lately() -> Range {
    let at = Instant::from_seconds;
    Range {
        from: at(NOW_S - 900),
        to: at(NOW_S),
    }
}

#[tokio::test]
async fn a_board_is_there_for_each_instance_that_sent_something_lately() {
    let home = home().await;
    let boards = &home.services.boards;
    assert_eq!(boards.boards(&key("reader")).await.unwrap(), []);
    fill(&home).await;
    let found = boards.boards(&key("reader")).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.kind, one.instances.join(" ")))
        .collect();
    let expected = [
        (BoardKind::Node, "db-1:9100 the \"best\""),
        (BoardKind::Redis, "cache:9121"),
    ];
    assert_eq!(
        found,
        expected.map(|(kind, names)| (kind, names.to_owned()))
    );
    let later = Instant::from_seconds(NOW_S + 25 * 3_600);
    home.clock.set(later);
    assert_eq!(boards.boards(&key("reader")).await.unwrap(), []);
    // Who looks at the time before it went still finds it, the first one where none is named.
    let board = boards
        .board(&key("reader"), "node", None, lately())
        .await
        .unwrap();
    assert_eq!(board.instance, "db-1:9100");
    assert!(
        board
            .panels
            .iter()
            .any(|one| one.curves.as_ref().is_some_and(|c| c.total > 0))
    );
}

#[tokio::test]
async fn a_panel_is_of_its_instance_alone_whatever_that_is_called() {
    let home = home().await;
    fill(&home).await;
    let boards = &home.services.boards;
    for (instance, received) in [("db-1:9100", 100.0), ("the \"best\"", 1_000.0)] {
        let reader = key("reader");
        let board = boards
            .board(&reader, "node", Some(instance), lately())
            .await;
        let board = board.unwrap();
        let curves = |title: &str| {
            let panel = board.panels.iter().find(|one| one.title == title).unwrap();
            assert_eq!(panel.problem, None, "{title}");
            panel.curves.clone().unwrap().curves
        };
        let newest = |title: &str| {
            let curves = curves(title);
            assert_eq!(curves.len(), 1, "{title}: {curves:?}");
            curves[0]
                .points
                .iter()
                .rev()
                .find_map(|point| point.value)
                .unwrap()
        };
        assert!((newest("Memory used") - 75.0).abs() < 3.0, "{instance}");
        assert!((newest("Network") - received).abs() < 1e-6, "{instance}");
        assert!(curves("Temperatures").is_empty());
    }
    for (kind, instance) in [
        ("node", "cache:9121"),
        ("node", ""),
        ("nothing", "db-1:9100"),
    ] {
        let none = boards
            .board(&key("reader"), kind, Some(instance), lately())
            .await;
        assert!(
            matches!(none, Err(Error::NotFound { .. })),
            "{kind} {instance}"
        );
    }
}
