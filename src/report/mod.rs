//! What a run leaves for people and machines: whether its promises held, a text, JSON, and a saved plan.

pub mod promises;
pub mod saved;
pub mod text;
