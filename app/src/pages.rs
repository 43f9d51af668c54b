//! Which code is fetched when. The frame and the Runway are in the first file of WebAssembly; the
//! series and what is seldom opened have a file each, fetched when somebody first goes there.
//!
//! Two parts and not one for each page: what pages share would be cut into a file for each set of
//! pages that share it, and a hundred small files cost more than they save.

use leptos::lazy;
use leptos::prelude::*;
use leptos_router::LazyRoute;

use crate::{account, imports, series, settings, sources, welcome};

/// Makes a part: its routes, and the function that is the door to its code.
macro_rules! part {
    ($(#[$doc:meta])* $part:ident of $door:ident { $($route:ident => $page:path,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $part {
            $(
                #[doc = concat!("See `", stringify!($page), "`.")]
                $route,
            )*
        }

        #[lazy]
        fn $door(page: $part) -> AnyView {
            match page {
                $($part::$route => $page().into_any(),)*
            }
        }

        $(
            #[doc = concat!("The route of `", stringify!($page), "`.")]
            pub struct $route;

            impl LazyRoute for $route {
                fn data() -> Self {
                    Self
                }

                async fn view(_: Self) -> AnyView {
                    $door($part::$route).await
                }
            }
        )*
    };
}

part! {
    /// Where numbers are looked at closely.
    SeriesPart of series_part {
        SeriesList => series::SeriesList,
        SeriesDetail => series::SeriesDetail,
    }
}

part! {
    /// What a person opens now and then.
    SeldomPart of seldom_part {
        LogIn => account::LogIn,
        SetUp => account::SetUpPage,
        Gallery => crate::Gallery,
        Welcome => welcome::Welcome,
        Sources => sources::SourcesPage,
        ImportList => imports::ImportList,
        ImportDetail => imports::ImportDetail,
        Settings => settings::SettingsPage,
    }
}
