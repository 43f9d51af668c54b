//! The browser half: hydrates the pages.
