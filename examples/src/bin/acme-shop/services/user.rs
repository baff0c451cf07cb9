//! The customers. This service uses gRPC.

use tonic::{Request, Response, Status};

use crate::users::users_server::{Users, UsersServer};
use crate::users::{User, UserName};

pub(crate) fn service() -> UsersServer<Directory> {
    UsersServer::new(Directory)
}

pub(crate) struct Directory;

/// Id, name and card of each customer. Payments with Bob's card fail.
const USERS: [(&str, &str, &str); 2] = [("ada", "Ada", "card-of-ada"), ("bob", "Bob", "card-of-bob")];

#[tonic::async_trait]
impl Users for Directory {
    async fn find(&self, request: Request<UserName>) -> Result<Response<User>, Status> {
        let UserName { id } = request.into_inner();
        let (id, name, card) = USERS
            .into_iter()
            .find(|(known, ..)| *known == id)
            .ok_or_else(|| Status::not_found(format!("there is no customer named {id}")))?;
        Ok(Response::new(User { id: id.into(), name: name.into(), card: card.into() }))
    }
}
