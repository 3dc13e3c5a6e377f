//! A source file, as far as the rules look at it: which paths it names, which texts it holds, which functions it has.

use syn::{
    Attribute, Block, Expr, Field, FnArg, ImplItemFn, Item, ItemFn, ItemMod, Lit, Macro, Member, Meta, Pat, Signature, Stmt, Type,
    TypeParamBound, UseTree, Visibility,
    buffer::{Cursor, TokenBuffer},
    visit::{self, Visit},
};

/// A parsed file.
#[derive(Default)]
pub struct Source {
    /// Its path in the repository.
    pub path: String,
    /// Its length.
    pub lines: usize,
    /// Whether it begins with `//!`.
    pub documented: bool,
    /// Every path it names, in imports and in full, with `::` between the segments. Not those in attributes.
    pub paths: Vec<String>,
    /// Every string literal but those in attributes.
    pub texts: Vec<String>,
    /// Every module it declares.
    pub modules: Vec<String>,
    /// Names of what others can reach in it: fields, methods, functions.
    pub visible: Vec<String>,
    /// Every name that is called or read with a dot.
    pub members: Vec<String>,
    /// Every function.
    pub functions: Vec<Function>,
}

/// A function of a file.
pub struct Function {
    /// Its name.
    pub name: String,
    /// Whether it can be reached from outside the file and is async.
    pub public_async: bool,
    /// Name and type of its first parameter, where the type is `&mut` of something named, or of `impl` of one trait.
    pub first_parameter: Option<(String, String)>,
    /// Its `utoipa::path` attribute, if it is a handler.
    pub described: Option<String>,
    /// `Permission::X` where its first statement is `caller.may(Permission::X)?;`.
    pub first_check: Option<String>,
}

fn joined(path: &syn::Path) -> String {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>().join("::")
}

fn first_parameter(signature: &Signature) -> Option<(String, String)> {
    let Some(FnArg::Typed(parameter)) = signature.inputs.first() else { return None };
    let (Pat::Ident(name), Type::Reference(reference)) = (&*parameter.pat, &*parameter.ty) else { return None };
    reference.mutability?;
    let kind = match &*reference.elem {
        Type::Path(named) => joined(&named.path),
        Type::ImplTrait(bounds) => match bounds.bounds.iter().collect::<Vec<_>>().as_slice() {
            [TypeParamBound::Trait(bound)] => joined(&bound.path),
            _ => return None,
        },
        _ => return None,
    };
    Some((name.ident.to_string(), kind))
}

fn first_check(block: &Block) -> Option<String> {
    let Some(Stmt::Expr(Expr::Try(attempt), Some(_))) = block.stmts.first() else { return None };
    let Expr::MethodCall(call) = &*attempt.expr else { return None };
    let (Expr::Path(who), Some(Expr::Path(what))) = (&*call.receiver, call.args.first()) else { return None };
    (who.path.is_ident("caller") && call.method == "may").then(|| joined(&what.path))
}

impl Source {
    /// Reads a file.
    pub fn parse(path: &str, text: &str) -> Self {
        let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let is_doc = |attribute: &Attribute| attribute.path().is_ident("doc");
        let mut source =
            Self { path: path.to_owned(), lines: text.lines().count(), documented: file.attrs.iter().any(is_doc), ..Self::default() };
        source.visit_file(&file);
        source
    }

    /// Whether it names a path that begins like this.
    pub fn uses(&self, prefix: &str) -> bool {
        self.paths.iter().any(|path| path == prefix || path.starts_with(&format!("{prefix}::")))
    }

    /// Whether it names a path with this segment.
    pub fn names(&self, segment: &str) -> bool {
        self.paths.iter().any(|path| path.split("::").any(|part| part == segment))
    }

    fn import(&mut self, before: &str, tree: &UseTree) {
        let join = |name: &dyn std::fmt::Display| if before.is_empty() { name.to_string() } else { format!("{before}::{name}") };
        match tree {
            UseTree::Path(part) => self.import(&join(&part.ident), &part.tree),
            UseTree::Name(name) => self.paths.push(join(&name.ident)),
            UseTree::Rename(name) => self.paths.push(join(&name.ident)),
            UseTree::Glob(_) => self.paths.push(join(&"*")),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.import(before, item)),
        }
    }

    /// What a macro is given is not syntax yet: its paths and texts are found token by token.
    fn tokens(&mut self, mut cursor: Cursor<'_>) {
        let mut path = String::new();
        let mut colons = 0;
        while !cursor.eof() {
            if let Some((ident, rest)) = cursor.ident() {
                if colons == 2 && !path.is_empty() {
                    path.push_str("::");
                } else {
                    self.end_of_path(&mut path);
                }
                path.push_str(&ident.to_string());
                (colons, cursor) = (0, rest);
                continue;
            }
            if let Some((punct, rest)) = cursor.punct() {
                if punct.as_char() == ':' {
                    (colons, cursor) = (colons + 1, rest);
                    continue;
                }
                cursor = rest;
            } else if let Some((literal, rest)) = cursor.literal() {
                if let Ok(Lit::Str(text)) = syn::parse_str(&literal.to_string()) {
                    self.texts.push(text.value());
                }
                cursor = rest;
            } else if let Some((inside, _, _, rest)) = cursor.any_group() {
                self.tokens(inside);
                cursor = rest;
            } else if let Some((_, rest)) = cursor.token_tree() {
                cursor = rest;
            }
            self.end_of_path(&mut path);
            colons = 0;
        }
        self.end_of_path(&mut path);
    }

    fn end_of_path(&mut self, path: &mut String) {
        if !path.is_empty() {
            self.paths.push(std::mem::take(path));
        }
    }

    fn function(&mut self, attributes: &[Attribute], visibility: &Visibility, signature: &Signature, block: &Block) {
        let name = signature.ident.to_string();
        let public = !matches!(visibility, Visibility::Inherited);
        if public {
            self.visible.push(name.clone());
        }
        let described =
            attributes.iter().filter(|attribute| joined(attribute.path()) == "utoipa::path").find_map(|attribute| match &attribute.meta {
                Meta::List(list) => Some(list.tokens.to_string().split_whitespace().collect()),
                _ => None,
            });
        self.functions.push(Function {
            name,
            public_async: public && signature.asyncness.is_some(),
            first_parameter: first_parameter(signature),
            described,
            first_check: first_check(block),
        });
    }
}

impl<'ast> Visit<'ast> for Source {
    /// Attributes name crates without using them: `#[derive(sqlx::Type)]`, `#[sqlx(transparent)]`.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_item(&mut self, item: &'ast Item) {
        if let Item::Use(import) = item {
            self.import("", &import.tree);
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.modules.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.paths.push(joined(path));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        self.tokens(TokenBuffer::new2(called.tokens.clone()).begin());
        visit::visit_macro(self, called);
    }

    fn visit_lit(&mut self, literal: &'ast Lit) {
        if let Lit::Str(text) = literal {
            self.texts.push(text.value());
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if !matches!(field.vis, Visibility::Inherited)
            && let Some(name) = &field.ident
        {
            self.visible.push(name.to_string());
        }
        visit::visit_field(self, field);
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        match expression {
            Expr::MethodCall(call) => self.members.push(call.method.to_string()),
            Expr::Field(field) => {
                if let Member::Named(name) = &field.member {
                    self.members.push(name.to_string());
                }
            }
            _ => {}
        }
        visit::visit_expr(self, expression);
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.function(&function.attrs, &function.vis, &function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.function(&function.attrs, &function.vis, &function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }
}
