//! Which item a place lies in: `crate::module::Type::method`.
//!
//! Unlike a line number it survives edits elsewhere in the file, so exemptions and baselines speak of
//! items.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::lint::meta::Workspace;
use crate::lint::source::{Place, Range, Sources, locate};

/// The items of the files that were asked for.
#[derive(Debug)]
pub(crate) struct Items {
    /// File -> crate and module.
    modules: BTreeMap<PathBuf, String>,
    read: BTreeMap<PathBuf, Vec<(Range, String)>>,
}

impl Items {
    /// Knows the modules of all files, libraries before other targets.
    pub(crate) fn new(metadata: &Workspace, sources: &Sources) -> Items {
        let mut items = Items { modules: BTreeMap::new(), read: BTreeMap::new() };
        let targets = || metadata.members.iter().flat_map(|member| &member.targets);
        let libraries = targets().filter(|target| target.is_library);
        for target in libraries.chain(targets().filter(|target| !target.is_library)) {
            items.follow(sources, &target.source, &target.name, true);
        }
        items
    }

    fn follow(&mut self, sources: &Sources, file: &Path, module: &str, root: bool) {
        let Some(source) = sources.get(file) else { return };
        if self.modules.contains_key(file) {
            return;
        }
        self.modules.insert(file.to_owned(), module.to_owned());
        for declared in &source.scan.modules {
            if let Some(below) = locate(file, root, declared) {
                let parents = declared.parents.iter().map(String::as_str);
                let names: Vec<&str> =
                    [module].into_iter().chain(parents).chain(declared.name.as_deref()).collect();
                self.follow(sources, &below, &names.join("::"), false);
            }
        }
    }

    /// The innermost item around a place; for a file that is no module, nothing.
    pub(crate) fn around(&mut self, file: &Path, place: Place) -> String {
        let Some(module) = self.modules.get(file) else { return String::new() };
        let items = self.read.entry(file.to_owned()).or_insert_with(|| read(file));
        let mut names = vec![module.as_str()];
        let around = items.iter().filter(|(range, _)| range.contains(place));
        names.extend(around.map(|(_, name)| name.as_str()));
        names.join("::")
    }
}

/// The items of a file, outer ones first. A file that cannot be parsed has none.
fn read(file: &Path) -> Vec<(Range, String)> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut walk = Walk(Vec::new());
    if let Ok(file) = syn::parse_file(&text) {
        walk.visit_file(&file);
    }
    walk.0
}

struct Walk(Vec<(Range, String)>);

impl<'a> Visit<'a> for Walk {
    fn visit_item(&mut self, node: &'a syn::Item) {
        if let Some(name) = name(node) {
            self.0.push((Range::of(node.span()), name));
        }
        visit::visit_item(self, node);
    }

    fn visit_impl_item_fn(&mut self, node: &'a syn::ImplItemFn) {
        self.0.push((Range::of(node.span()), node.sig.ident.to_string()));
        visit::visit_impl_item_fn(self, node);
    }

    fn visit_trait_item_fn(&mut self, node: &'a syn::TraitItemFn) {
        self.0.push((Range::of(node.span()), node.sig.ident.to_string()));
        visit::visit_trait_item_fn(self, node);
    }
}

fn name(item: &syn::Item) -> Option<String> {
    let ident = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Impl(item) => return of_type(&item.self_ty),
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Mod(item) => &item.ident,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

/// An implementation is named after its type.
fn of_type(of: &syn::Type) -> Option<String> {
    match of {
        syn::Type::Path(path) => path.path.segments.last().map(|part| part.ident.to_string()),
        syn::Type::Reference(reference) => of_type(&reference.elem),
        _ => None,
    }
}
