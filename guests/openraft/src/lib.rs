//! openraft as a module. It does here, bit for bit, what it does in squall's process (feature `openraft`), but for the assertions of the
//! library, which are on. `guests/build openraft@VERSION` builds the same adapter with another version of the library.

use squall::guests::openraft as adapter;

use adapter::{LACKS, OpenRaft, own_options};
use squall::export::Description;

const NAME: &str = "openraft";
const VERSION: &str = "openraft 0.10.0-alpha.37";

/// What this guest says of itself.
pub fn describe() -> Description {
    let mut description = Description::new(NAME, VERSION);
    description.lacks = LACKS.iter().copied().collect();
    description.options =
        own_options().into_iter().map(|option| (option.name, option.values)).collect();
    description
}

squall::export_node!(OpenRaft, OpenRaft::new, describe);
