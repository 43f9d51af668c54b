//! Looks at machines: the newest of each is kept, as long as the machine is there.

use api::{SeriesShare, Together, WhyUnknown};
use store::MachineLook;

use crate::harness::{Home, at, on_both};

on_both!(
    the_newest_look_of_each_machine_is_kept,
    what_cannot_be_read_is_none,
);

fn look(name: &str, looked: i64, together: Together) -> MachineLook {
    MachineLook {
        name: name.into(),
        looked_at: at(looked),
        next_at: at(looked + 600),
        together,
    }
}

async fn the_newest_look_of_each_machine_is_kept(Home { store, .. }: Home) {
    let pending = Together::Unknown {
        why: WhyUnknown::Pending,
    };
    let unusual = Together::Unusual {
        series: 4,
        since: at(5),
        until: at(9),
        score: 0.875,
        p_value: 0.001,
        shares: vec![SeriesShare {
            series: "s".into(),
            title: "Memory".into(),
            share: 0.625,
        }],
    };
    for one in [
        look("web", 1, pending.clone()),
        look("db", 2, pending.clone()),
    ] {
        store.put_machine_look(&one).await.unwrap();
    }
    let newer = look("db", 3, unusual);
    store.put_machine_look(&newer).await.unwrap();
    let expected = [newer.clone(), look("web", 1, pending)];
    assert_eq!(store.machine_looks().await.unwrap(), expected);
    let gone = store.forget_machine_looks(&["db", "other"]);
    assert_eq!(gone.await.unwrap(), 1);
    assert_eq!(store.machine_looks().await.unwrap(), [newer]);
    let gone = store.forget_machine_looks(&[]);
    assert_eq!(gone.await.unwrap(), 1);
}

async fn what_cannot_be_read_is_none(home: Home) {
    home.sql(
        "insert into machine_look (name, looked_at, next_at, outcome) values ('a', 1, 2, '{}')",
    )
    .await;
    assert_eq!(home.store.machine_looks().await.unwrap(), []);
    let pending = Together::TooFew { have: 1, need: 3 };
    let anew = look("a", 3, pending);
    home.store.put_machine_look(&anew).await.unwrap();
    assert_eq!(home.store.machine_looks().await.unwrap(), [anew]);
}
