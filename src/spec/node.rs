//! The spec as a tree that remembers where every key and value stands.

use serde_json::Value;

use crate::diagnostic::Span;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub span: Span,
    pub tree: Tree,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Member>),
}

/// A key of a map with its value. Order is that of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub key: String,
    pub key_span: Span,
    pub node: Node,
}

impl Node {
    pub fn map(span: Span) -> Node {
        Node { span, tree: Tree::Map(Vec::new()) }
    }

    pub fn text(span: Span, text: impl Into<String>) -> Node {
        Node { span, tree: Tree::Text(text.into()) }
    }

    pub fn members(&self) -> &[Member] {
        match &self.tree {
            Tree::Map(members) => members,
            _ => &[],
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.member(key).map(|member| &member.node)
    }

    pub fn member(&self, key: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.key == key)
    }

    pub fn member_mut(&mut self, key: &str) -> Option<&mut Member> {
        let Tree::Map(members) = &mut self.tree else { return None };
        members.iter_mut().find(|member| member.key == key)
    }

    pub fn as_text(&self) -> Option<&str> {
        match &self.tree {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Takes a member out of a map.
    pub fn remove(&mut self, key: &str) -> Option<Member> {
        let Tree::Map(members) = &mut self.tree else { return None };
        let index = members.iter().position(|member| member.key == key)?;
        Some(members.remove(index))
    }

    /// Adds a member to a map; the caller has seen that the key is free.
    pub fn insert(&mut self, member: Member) {
        if let Tree::Map(members) = &mut self.tree {
            members.push(member);
        }
    }

    /// The member's value, created as an empty map when absent.
    pub fn get_or_insert_map(&mut self, key: &str, span: Span) -> &mut Node {
        if self.get(key).is_none() {
            self.insert(Member { key: key.to_owned(), key_span: span, node: Node::map(span) });
        }
        let Tree::Map(members) = &mut self.tree else { unreachable!("insert and get work on maps only") };
        members.iter_mut().find(|member| member.key == key).map(|member| &mut member.node).expect("inserted above")
    }

    /// The node at a JSON pointer (RFC 6901), or the nearest existing one above it.
    pub fn nearest(&self, pointer: &str) -> &Node {
        self.walk(pointer).0
    }

    /// The node at a JSON pointer, if it is there.
    pub fn find(&self, pointer: &str) -> Option<&Node> {
        pointer.split('/').skip(1).try_fold(self, |node, token| {
            let token = token.replace("~1", "/").replace("~0", "~");
            match &node.tree {
                Tree::Map(_) => node.get(&token),
                Tree::List(items) => items.get(token.parse::<usize>().ok()?),
                _ => None,
            }
        })
    }

    /// The place of the key at a JSON pointer where the last step is a key, otherwise of the value.
    pub fn key_span(&self, pointer: &str) -> Span {
        self.walk(pointer).1
    }

    fn walk(&self, pointer: &str) -> (&Node, Span) {
        let (mut node, mut key_span) = (self, self.span);
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let next = match &node.tree {
                Tree::Map(_) => node.member(&token).map(|member| (&member.node, member.key_span)),
                Tree::List(items) => {
                    token.parse().ok().and_then(|index: usize| items.get(index)).map(|item| (item, item.span))
                }
                _ => None,
            };
            let Some(found) = next else { break };
            (node, key_span) = found;
        }
        (node, key_span)
    }

    pub fn to_json(&self) -> Value {
        match &self.tree {
            Tree::Null => Value::Null,
            Tree::Bool(value) => Value::Bool(*value),
            Tree::Number(value) => Value::Number(value.clone()),
            Tree::Text(value) => Value::String(value.clone()),
            Tree::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Tree::Map(members) => {
                Value::Object(members.iter().map(|member| (member.key.clone(), member.node.to_json())).collect())
            }
        }
    }

    /// Calls `change` on every text below (and at) this node, with its place.
    pub fn for_each_text(&mut self, change: &mut dyn FnMut(&mut Node)) {
        match &mut self.tree {
            Tree::Text(_) => change(self),
            Tree::List(items) => items.iter_mut().for_each(|item| item.for_each_text(change)),
            Tree::Map(members) => members.iter_mut().for_each(|member| member.node.for_each_text(change)),
            Tree::Null | Tree::Bool(_) | Tree::Number(_) => {}
        }
    }
}

/// One step of a JSON pointer, escaped.
pub fn pointer_token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
