//! Pages as the server draws them.

use api::Role;

use super::Home;

/// The answers that a page brings along for the browser, which must not ask again.
fn answers(page: &str) -> Vec<&str> {
    let told = page.split("__RESOLVED_RESOURCES[").skip(1);
    told.filter_map(|rest| rest.split('"').nth(1)).collect()
}

#[tokio::test]
async fn what_a_page_nests_in_what_it_waits_for_is_asked_for_once() {
    let home = Home::new().await;
    let who = home.person(Role::Admin).await;
    let page = home.get(&who, "/settings").await;
    // The frame's two; and the page's own: keys, what metrics are kept, the database, the caches.
    let told = answers(&page.body);
    assert_eq!(told.len(), 6, "{told:#?}");
}
