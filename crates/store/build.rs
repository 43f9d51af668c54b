//! A new migration file is not a changed source file: without this, cargo would keep the old ones.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
