//! A module as it lies in its file: what of it can be saved, and the same module with all of that exported.

use wasm_encoder::{ExportKind, ExportSection, RawSection};
use wasmparser::{BinaryReaderError, ExternalKind, Operator, Parser, Payload, ValType};

/// A module that is ready to be compiled.
pub(super) struct Form {
    /// The module, which exports its mutable globals too.
    pub bytes: Vec<u8>,
    /// How many these are.
    pub globals: u32,
    /// Why not all of its state can be saved, if that is so.
    pub unsaved: Option<&'static str>,
}

/// The name under which a mutable global is exported, by its place among them. A module that has one of these names is not valid afterwards.
pub(super) fn global_name(place: u32) -> String {
    format!("squall:global:{place}")
}

/// What must be known of a module before its exports can be written anew.
#[derive(Default)]
struct Parts {
    /// The numbers of the mutable globals.
    globals: Vec<u32>,
    unsaved: Option<&'static str>,
}

/// Reads a module, and exports its mutable globals, as compilers do not. Memory and these are all the state that it has between steps,
/// but for tables that change.
///
/// # Errors
///
/// If it is not a module. What else is wrong with it the compiler finds.
pub(super) fn read(bytes: &[u8]) -> Result<Form, BinaryReaderError> {
    let mut parts = Parts::default();
    for payload in Parser::new(0).parse_all(bytes) {
        parts.take(&payload?)?;
    }
    let written = write(bytes, &parts.globals)?;
    let globals = parts.globals.len().try_into().unwrap_or(u32::MAX);
    Ok(Form { bytes: written, globals, unsaved: parts.unsaved })
}

impl Parts {
    fn take(&mut self, payload: &Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::GlobalSection(section) => {
                for (number, global) in (0..).zip(section.clone()) {
                    let global = global?.ty;
                    if !global.mutable {
                        continue;
                    }
                    self.globals.push(number);
                    if matches!(global.content_type, ValType::Ref(_)) {
                        self.unsaved = Some("it keeps a reference in a global variable");
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                let mut operators = body.get_operators_reader()?;
                while !operators.eof() {
                    if changes_table(&operators.read()?) {
                        self.unsaved = Some("its code changes a table of functions");
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn changes_table(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::TableSet { .. }
            | Operator::TableGrow { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
    )
}

/// Copies a module section by section, and adds to its exports.
fn write(bytes: &[u8], globals: &[u32]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut module = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        if let Payload::ExportSection(section) = &payload {
            let mut exports = ExportSection::new();
            for export in section.clone() {
                let export = export?;
                exports.export(export.name, kind(export.kind), export.index);
            }
            for (place, number) in (0..).zip(globals) {
                exports.export(&global_name(place), ExportKind::Global, *number);
            }
            module.section(&exports);
        } else if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: &bytes[range] });
        }
    }
    Ok(module.finish())
}

const fn kind(kind: ExternalKind) -> ExportKind {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
    }
}
