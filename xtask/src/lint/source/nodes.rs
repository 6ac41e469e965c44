//! The syntax tree walk: regions, suppression attributes, module declarations.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{AttrStyle, Attribute};

use super::attributes::{Meaning, Truth, meaning};
use super::declarations::Declaration;
use super::depth;
use super::directives::{self, Complaint, Directive, Form};
use super::facts::Facts;
use super::lines;
use super::span::{Place, Range};
use super::tokens::Tokens;

/// A part of a file with a property.
#[derive(Debug)]
pub(crate) struct Region {
    pub(crate) kind: RegionKind,
    pub(crate) range: Range,
}

/// What holds inside a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RegionKind {
    /// Compiled for tests only.
    Test,
    /// Tokio's clock stands still.
    Paused,
    /// Under a `cfg` that may be off.
    Conditional,
    /// Carries an `allow` or `expect` of the watched lint that names no rule.
    NamelessAllow,
}

/// A `mod name;` whose body is another file, or an `include!` of one.
#[derive(Debug)]
pub(crate) struct ModuleFile {
    /// The inline modules around it, outermost first.
    pub(crate) parents: Vec<String>,
    /// `None` for an `include!`.
    pub(crate) name: Option<String>,
    /// The value of `#[path = ".."]`, or what is included.
    pub(crate) path: Option<String>,
    pub(crate) at: Place,
}

/// A statement, arm, field or item: what a comment on the line above can cover.
#[derive(Debug)]
pub(crate) struct Node {
    /// With its attributes.
    pub(crate) range: Range,
    /// Where it starts, and where each of its attributes does.
    pub(crate) starts: Vec<Place>,
    pub(crate) attributes_end: Option<Place>,
    pub(crate) module: bool,
}

/// Everything the walk learned about one file.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) regions: Vec<Region>,
    pub(crate) directives: Vec<Directive>,
    pub(crate) complaints: Vec<Complaint>,
    pub(crate) modules: Vec<ModuleFile>,
    pub(crate) declarations: Vec<Declaration>,
    /// The code under a `cfg` that may be off.
    pub(crate) conditions: Vec<(Truth, Range)>,
    pub(crate) facts: Facts,
    /// Nobody wrote this file by hand.
    pub(crate) generated: bool,
}

impl Scan {
    pub(crate) fn is_in(&self, kind: RegionKind, place: Place) -> bool {
        self.regions.iter().any(|region| region.kind == kind && region.range.contains(place))
    }

    pub(crate) fn test_ranges(&self) -> Vec<Range> {
        let tests = self.regions.iter().filter(|region| region.kind == RegionKind::Test);
        tests.map(|region| region.range).collect()
    }
}

/// Parses one file and walks it.
pub(crate) fn scan(text: &str) -> syn::Result<Scan> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shebang = text.starts_with("#!") && !text[2..].trim_start().starts_with('[');
    let text = if shebang { text.replacen("#!", "//", 1) } else { text.to_owned() };
    let tokens = Tokens::of(text.parse()?);
    depth::check(&tokens)?;
    let file: syn::File = syn::parse_str(&text)?;
    let mut walk = Walk { comments: directives::may_have(&text), ..Walk::default() };
    walk.visit_file(&file);
    let Walk { mut scan, nodes, .. } = walk;
    directives::read_comments(&text, &tokens, &nodes, &mut scan);
    scan.facts = Facts::of(&file, &tokens);
    scan.generated = lines::is_generated(&text);
    Ok(scan)
}

#[derive(Default)]
struct Walk<'a> {
    scan: Scan,
    /// Only where a comment may cover one of them: the range of a node costs all its tokens.
    nodes: Vec<Node>,
    comments: bool,
    stack: Vec<Frame<'a>>,
    inline_modules: Vec<String>,
    /// The functions around the current place.
    functions: Vec<Function<'a>>,
}

struct Function<'a> {
    node: &'a dyn Spanned,
    /// What it declares inside, so far.
    items: Vec<&'a dyn Spanned>,
}

struct Frame<'a> {
    node: &'a dyn Spanned,
    kind: FrameKind,
    attributes: Vec<Range>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FrameKind {
    File,
    Module,
    Unit,
    Expression,
}

impl<'a> Walk<'a> {
    fn within(&mut self, kind: FrameKind, node: &'a dyn Spanned, walk: impl FnOnce(&mut Self)) {
        self.stack.push(Frame { node, kind, attributes: Vec::new() });
        walk(self);
        let frame = self.stack.pop().expect("each frame is popped by the call that pushed it");
        if self.comments && matches!(kind, FrameKind::Unit | FrameKind::Module) {
            let range = Range::of(node.span());
            let mut starts = vec![range.start];
            starts.extend(frame.attributes.iter().map(|attribute| attribute.start));
            let attributes_end = frame.attributes.last().map(|attribute| attribute.end);
            let module = kind == FrameKind::Module;
            self.nodes.push(Node { range, starts, attributes_end, module });
        }
    }

    /// The node that an attribute of the current frame covers: for an expression statement the whole
    /// statement, otherwise the frame itself.
    fn owner(&self) -> Option<(Range, FrameKind)> {
        let (top, below) = self.stack.split_last()?;
        let range = Range::of(top.node.span());
        if top.kind == FrameKind::Expression {
            let unit = below.iter().rev().find(|frame| frame.kind != FrameKind::Expression)?;
            let statement = Range::of(unit.node.span());
            if unit.kind == FrameKind::Unit && statement.start == range.start {
                return Some((statement, FrameKind::Unit));
            }
        }
        Some((range, top.kind))
    }

    fn region(&mut self, kind: RegionKind, range: Range) {
        self.scan.regions.push(Region { kind, range });
    }

    fn region_of_owner(&mut self, kind: RegionKind) {
        if let Some((range, _)) = self.owner() {
            self.region(kind, range);
        }
    }

    fn complain(&mut self, at: Place, message: &str) {
        let message = message.to_owned();
        self.scan.complaints.push(Complaint { at, message, stale: false });
    }

    fn suppression(&mut self, inner: bool, at: Place, reason: Option<String>) {
        let Some((range, kind)) = self.owner() else { return };
        if inner {
            return self.complain(at, "an inner attribute allows too much");
        }
        let Some(reason) = reason else {
            return self.complain(at, "a lint that this one uses is allowed without a reason");
        };
        let Some(claim) = directives::claim_of_reason(&reason) else {
            return self.region(RegionKind::NamelessAllow, range);
        };
        if kind == FrameKind::Module {
            return self.complain(at, "a suppression must not cover a whole module");
        }
        self.scan.directives.push(Directive::new(claim, at, range, Form::Attribute));
    }
}

impl<'a> Visit<'a> for Walk<'a> {
    fn visit_attribute(&mut self, attribute: &'a Attribute) {
        let range = Range::of(attribute.span());
        let inner = matches!(attribute.style, AttrStyle::Inner(_));
        if !inner && let Some(frame) = self.stack.last_mut() {
            frame.attributes.push(range);
        }
        match meaning(attribute) {
            Meaning::TestOnly => self.region_of_owner(RegionKind::Test),
            Meaning::Conditional(truth) => {
                if let Some((range, _)) = self.owner() {
                    self.region(RegionKind::Conditional, range);
                    self.scan.conditions.push((truth, range));
                }
            }
            Meaning::HidesFromClippy => {
                self.complain(range.start, "`cfg(clippy)` would hide code from the lint");
            }
            Meaning::Test { paused } => {
                self.region_of_owner(RegionKind::Test);
                if paused {
                    self.region_of_owner(RegionKind::Paused);
                }
            }
            Meaning::Suppression { reason } => self.suppression(inner, range.start, reason),
            Meaning::ConditionalSuppression => {
                self.complain(range.start, "a suppression must not depend on `cfg_attr`");
            }
            Meaning::Nothing => {}
        }
    }

    fn visit_file(&mut self, node: &'a syn::File) {
        self.within(FrameKind::File, node, |walk| visit::visit_file(walk, node));
    }

    fn visit_item(&mut self, node: &'a syn::Item) {
        let module = matches!(node, syn::Item::Mod(_));
        let kind = if module { FrameKind::Module } else { FrameKind::Unit };
        self.within(kind, node, |walk| visit::visit_item(walk, node));
        if let Some(function) = self.functions.last_mut() {
            function.items.push(node);
        }
    }

    fn visit_item_mod(&mut self, node: &'a syn::ItemMod) {
        let name = node.ident.to_string();
        if node.content.is_none() {
            let path = node.attrs.iter().find_map(path_of);
            let parents = self.inline_modules.clone();
            let at = Place::from(node.ident.span().start());
            self.scan.modules.push(ModuleFile { parents, name: Some(name), path, at });
            visit::visit_item_mod(self, node);
        } else {
            self.inline_modules.push(name);
            visit::visit_item_mod(self, node);
            self.inline_modules.pop();
        }
    }

    fn visit_macro(&mut self, node: &'a syn::Macro) {
        if node.path.is_ident("include")
            && let Ok(file) = node.parse_body::<syn::LitStr>()
        {
            let parents = self.inline_modules.clone();
            let at = Place::from(file.span().start());
            self.scan.modules.push(ModuleFile {
                parents,
                name: None,
                path: Some(file.value()),
                at,
            });
        }
        visit::visit_macro(self, node);
    }

    fn visit_item_fn(&mut self, node: &'a syn::ItemFn) {
        self.functions.push(Function { node, items: Vec::new() });
        visit::visit_item_fn(self, node);
        self.functions.pop();
    }

    fn visit_impl_item(&mut self, node: &'a syn::ImplItem) {
        self.functions.push(Function { node, items: Vec::new() });
        self.within(FrameKind::Unit, node, |walk| visit::visit_impl_item(walk, node));
        self.functions.pop();
    }

    fn visit_trait_item(&mut self, node: &'a syn::TraitItem) {
        self.functions.push(Function { node, items: Vec::new() });
        self.within(FrameKind::Unit, node, |walk| visit::visit_trait_item(walk, node));
        self.functions.pop();
    }

    fn visit_foreign_item(&mut self, node: &'a syn::ForeignItem) {
        self.within(FrameKind::Unit, node, |walk| visit::visit_foreign_item(walk, node));
    }

    fn visit_stmt(&mut self, node: &'a syn::Stmt) {
        self.within(FrameKind::Unit, node, |walk| visit::visit_stmt(walk, node));
    }

    fn visit_arm(&mut self, node: &'a syn::Arm) {
        self.within(FrameKind::Unit, node, |walk| visit::visit_arm(walk, node));
    }

    fn visit_field(&mut self, node: &'a syn::Field) {
        self.within(FrameKind::Unit, node, |walk| visit::visit_field(walk, node));
    }

    fn visit_field_value(&mut self, node: &'a syn::FieldValue) {
        self.within(FrameKind::Unit, node, |walk| visit::visit_field_value(walk, node));
    }

    fn visit_variant(&mut self, node: &'a syn::Variant) {
        self.within(FrameKind::Unit, node, |walk| visit::visit_variant(walk, node));
    }

    fn visit_expr(&mut self, node: &'a syn::Expr) {
        self.within(FrameKind::Expression, node, |walk| visit::visit_expr(walk, node));
    }

    fn visit_expr_call(&mut self, node: &'a syn::ExprCall) {
        if let syn::Expr::Path(function) = &*node.func {
            let names: Vec<String> =
                function.path.segments.iter().map(|part| part.ident.to_string()).collect();
            if names.ends_with(&["time".to_owned(), "pause".to_owned()]) {
                self.pause_from(Range::of(node.span()).end);
            }
        }
        visit::visit_expr_call(self, node);
    }

    fn visit_expr_method_call(&mut self, node: &'a syn::ExprMethodCall) {
        let on = node.args.first().is_some_and(|argument| {
            matches!(argument, syn::Expr::Lit(literal)
                if matches!(&literal.lit, syn::Lit::Bool(value) if value.value))
        });
        if node.method == "start_paused" && on {
            self.pause_from(Range::of(node.span()).end);
        }
        visit::visit_expr_method_call(self, node);
    }
}

impl Walk<'_> {
    /// The clock stands still from here to the end of the innermost function, and in the items that it
    /// declares before: nothing of theirs runs where they stand.
    fn pause_from(&mut self, start: Place) {
        let Some(function) = self.functions.last() else { return };
        let rest = Range { start, end: Range::of(function.node.span()).end };
        let items = function.items.iter().map(|item| Range::of(item.span()));
        let paused: Vec<Range> = items.chain([rest]).collect();
        for range in paused {
            self.region(RegionKind::Paused, range);
        }
    }
}

fn path_of(attribute: &Attribute) -> Option<String> {
    let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
    if !pair.path.is_ident("path") {
        return None;
    }
    match &pair.value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}
